import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { parse } from 'yaml';

/** What is sent with every request, and must come back in no answer and stand in no log. */
export const CANARY = 'canary-5ecret-7oken';

/** One request as it goes over the wire, in parts with a pause between them. */
export interface FuzzRequest {
  readonly dialect: string;
  readonly what: string;
  readonly parts: readonly Buffer[];
  /** Whether it is broken as HTTP, so that it may be cut off without an answer. */
  readonly isBrokenHttp: boolean;
  /** Whether the answer may take longer than anybody wants to wait. */
  readonly mayWait: boolean;
}

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly example?: unknown;
}

interface Parameter {
  readonly $ref?: string;
  readonly name: string;
  readonly in: string;
  readonly schema?: Schema;
}

interface Operation {
  readonly dialect: string;
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly Parameter[];
  readonly contentTypes: readonly string[];
  readonly schema: Schema | undefined;
  readonly resolve: <T extends object>(value: T) => T;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

interface DocumentedOperation {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content?: Readonly<Record<string, { readonly schema?: Schema }>> };
}

const METHODS = ['get', 'put', 'post', 'delete'];
const NAMES = ['web', 'db', 'API', 'web-1', 'db-2', 'node-a', 'node-b', 'fuzz', 'A.B_c', 'k/1', 'x', 'y-9'];
const LONG = 'n'.repeat(3000);
const TEXTS = [
  ...['', ' ', '\0', '\r\nX-Injected: 1', '\u{1f525}', '\u202e', 'ä', '<script>', '../../etc/passwd', '%00'],
  ...['__proto__', 'constructor', 'toString', 'NaN', '-1', '1e309', '9'.repeat(400), '0x10', 'null', LONG],
  ...[
    '10s',
    '-5m',
    '9999999h',
    '1ns',
    'http://127.0.0.1:1/',
    '127.0.0.1',
    '::1',
    '*',
    'a\tb',
    '\\',
    '"',
    "'",
  ],
];
/** Not even percent encoding, or more than that. */
const ENCODED = [
  '%',
  '%zz',
  '%c3%28',
  '%ed%a0%80',
  '%2500',
  '%252e%252e',
  '%00',
  '%0d%0aX:1',
  '..',
  '.',
  '%2f',
];
const VALUES = [
  ...[null, true, false, 0, -1, 1e309, -0, 2 ** 31, 2 ** 53, -(2 ** 63), 1e-320, 0.5, [], {}, [[]], ''],
  ...[{ a: { b: [null] } }, Array.from({ length: 300 }, () => 0), '\ud800', LONG.repeat(5)],
];
const BOMB = gzipSync(Buffer.alloc(64 * 1024 * 1024));
const DEPTH = 20_000;
const HOSTILE_BODIES: readonly string[] = [
  '['.repeat(DEPTH) + ']'.repeat(DEPTH),
  '{"a":'.repeat(DEPTH) + '1' + '}'.repeat(DEPTH),
  `{"Name":${'['.repeat(DEPTH)}${']'.repeat(DEPTH)}}`,
  `{"instance":${'{"a":'.repeat(DEPTH)}1${'}'.repeat(DEPTH)}}`,
  '<instance>'.repeat(2000),
  '<!DOCTYPE a [<!ENTITY b "c"><!ENTITY d "&b;&b;&b;">]><instance><app>&d;</app></instance>',
  '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
  '{"Name":"web","Name":{"Name":"db"},"name":7,"ID":null,"ID":[]}',
  '',
  'null',
  '"',
  '\u{feff}{}',
  '{"keys":["\\ud800"],"key":"\\ud800","ttlMs":1e4}',
];

/** Requests made from the OpenAPI documents and then broken; the same for the same seed and number. */
export class FuzzRequests {
  readonly #operations: readonly Operation[];

  constructor(dialects: readonly string[]) {
    this.#operations = dialects.flatMap(operationsOf);
  }

  /** The request of a number; `fraction` is a random sequence of its own. */
  make(fraction: () => number): FuzzRequest {
    return new Maker(fraction).request(this.#operations);
  }
}

function operationsOf(dialect: string): Operation[] {
  const url = new URL(`../../openapi/${dialect}.yaml`, import.meta.url);
  const document = parse(readFileSync(url, 'utf8')) as Document;
  const resolve = <T extends object>(value: T): T => {
    const reference = '$ref' in value ? String(value.$ref).split('/').slice(1) : [];
    if (reference.length === 0) return value;
    let at: unknown = document;
    for (const name of reference) at = (at as Record<string, unknown>)[name];
    return at as T;
  };
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([method]) => METHODS.includes(method))
      .map(([method, each]) => {
        const { parameters = [], requestBody } = each as DocumentedOperation;
        const shared = (methods['parameters'] ?? []) as readonly Parameter[];
        const content = (requestBody && resolve(requestBody).content) ?? {};
        return {
          ...{ dialect, path, resolve, method: method.toUpperCase() },
          parameters: [...shared, ...parameters].map(resolve),
          contentTypes: Object.keys(content),
          schema: Object.values(content)[0]?.schema,
        };
      }),
  );
}

class Maker {
  readonly #fraction: () => number;
  #mayWait = false;

  constructor(fraction: () => number) {
    this.#fraction = fraction;
  }

  request(operations: readonly Operation[]): FuzzRequest {
    const operation = this.#pick(operations);
    this.#mayWait = /\/(watch|monitor|events)$/.test(operation.path);
    const target = this.#path(operation) + this.#query(operation);
    const body = this.#body(operation);
    const methods = ['HEAD', 'OPTIONS', 'PATCH', 'TRACE', 'PROPFIND', 'POST', 'PUT', 'DELETE', 'GET'];
    const method = this.#one(12) ? this.#pick(methods) : operation.method;
    const isWrongLength = this.#one(60);
    const isBroken = this.#one(60);
    const headers = [...this.#headers(operation), ...lengthOf(body, isWrongLength)];
    const wire = isBroken
      ? this.#broken(method, target, headers)
      : [method, ' ', target, ' HTTP/1.1\r\n', headers.join('\r\n'), '\r\n\r\n'].join('');
    const head = Buffer.from(wire, 'latin1');
    const whole = Buffer.concat([head, body ?? Buffer.alloc(0)]);
    return {
      dialect: operation.dialect,
      what: `${method} ${target.slice(0, 200)} [${headers.join(', ').slice(0, 300)}] ${String(body?.toString('latin1', 0, 200))}`,
      parts: this.#one(40) ? halves(whole) : this.#one(40) ? [Buffer.concat([keepAlive(), whole])] : [whole],
      isBrokenHttp: isBroken || isWrongLength,
      mayWait: this.#mayWait,
    };
  }

  #path({ path }: Operation): string {
    if (this.#one(200)) return `${path}/${'p'.repeat(15_000)}`;
    return path.replace(/\{[^}]+\}/g, () =>
      this.#one(5)
        ? this.#pick(ENCODED)
        : encode(this.#one(4) ? this.#pick(TEXTS.filter((text) => text !== '')) : this.#pick(NAMES)),
    );
  }

  #query({ parameters, resolve }: Operation): string {
    const pairs: string[] = [];
    for (const { name, in: place, schema = {} } of parameters) {
      if (place !== 'query' || this.#one(2)) continue;
      if (['wait', 'index'].includes(name)) this.#mayWait = true;
      const value = this.#one(3) ? this.#pick(TEXTS) : this.#text(resolve(schema));
      pairs.push(`${name}=${this.#one(12) ? this.#pick(ENCODED) : encode(value)}`);
      if (this.#one(10)) pairs.push(name);
    }
    if (this.#one(4)) pairs.push(`token=${CANARY}`);
    if (this.#one(20)) pairs.push(this.#pick(['__proto__=1', '=', '&&', 'a[b]=c', 'pretty', 'filter=((((']));
    return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
  }

  #headers({ parameters, contentTypes, resolve }: Operation): string[] {
    const types = ['text/plain', 'application/x-www-form-urlencoded', 'application/json', '', 'a/b;c=;;'];
    const type = this.#one(6) ? this.#pick(types) : (contentTypes[0] ?? '');
    const headers = ['Host: 127.0.0.1', `X-Consul-Token: ${CANARY}`, `Authorization: Bearer ${CANARY}`];
    if (type !== '') headers.push(`Content-Type: ${type}`);
    headers.push('Connection: close');
    for (const { name, in: place, schema = {} } of parameters)
      if (place === 'header' && this.#one(2))
        headers.push(
          `${name}: ${this.#one(3) ? latin(this.#pick(TEXTS)) : latin(this.#text(resolve(schema)))}`,
        );
    if (this.#one(3))
      headers.push(`Accept: ${this.#pick(['application/xml', 'application/json', '*/*', 'é;q=x'])}`);
    if (this.#one(5))
      headers.push(`Accept-Encoding: ${this.#pick(['gzip', 'gzip;q=0', 'br,*;q=0.1', ',,'])}`);
    if (this.#one(10)) headers.push(`If-None-Match: ${this.#pick(['*', '"1"', 'W/"x"', ''])}`);
    if (this.#one(10))
      headers.push(`Cache-Control: ${this.#pick(['max-age=-1', 'stale-if-error=zz', 'no-cache'])}`);
    return headers;
  }

  #body({ schema, resolve, method }: Operation): Buffer | undefined {
    if (schema === undefined && !this.#one(10)) return undefined;
    if (method === 'GET' && !this.#one(10)) return undefined;
    if (this.#one(150)) return BOMB;
    if (this.#one(8)) return Buffer.from(this.#pick(HOSTILE_BODIES));
    const value = JSON.stringify(this.#value(schema ?? {}, resolve, 0));
    if (this.#one(8)) return Buffer.from(value.slice(0, Math.floor(this.#fraction() * value.length)));
    const bytes = Buffer.from(value);
    if (this.#one(8) && bytes.length > 0) bytes[this.#below(bytes.length)] = this.#below(256);
    return bytes;
  }

  #value(unresolved: Schema, resolve: Operation['resolve'], depth: number): unknown {
    const schema = resolve(unresolved);
    if (depth > 6 || this.#one(12)) return this.#one(2) ? this.#pick(VALUES) : this.#pick(TEXTS);
    const { oneOf, anyOf, allOf, properties, items } = schema;
    const choice = oneOf ?? anyOf;
    if (choice !== undefined) return this.#value(this.#pick(choice), resolve, depth + 1);
    if (allOf !== undefined)
      return Object.assign({}, ...allOf.map((each) => this.#value(each, resolve, depth + 1))) as unknown;
    if (properties !== undefined) {
      const fields = Object.entries(properties).filter(() => !this.#one(4));
      const made = fields.map(([name, each]) => [name, this.#value(each, resolve, depth + 1)] as const);
      if (this.#one(15)) made.push([this.#pick(['__proto__', 'constructor', 'Extra', '\0', LONG]), { x: 1 }]);
      return Object.fromEntries(made);
    }
    if (items !== undefined)
      return Array.from({ length: this.#below(4) }, () => this.#value(items, resolve, depth + 1));
    const { type } = schema;
    if (type === 'integer' || type === 'number')
      return this.#one(3) ? this.#pick(VALUES) : this.#below(70_000);
    if (type === 'boolean') return this.#one(2);
    if (type === 'object') return { [this.#pick(NAMES)]: this.#pick(NAMES) };
    return this.#text(schema);
  }

  #text({ enum: values, type, example }: Schema): string {
    if (values !== undefined) return String(this.#pick(values));
    if (type === 'integer' || type === 'number') return String(this.#below(3000));
    if (type === 'boolean') return this.#pick(['true', 'false', '']);
    if (typeof example === 'string' && this.#one(2)) return example;
    return this.#pick(NAMES);
  }

  /** What no HTTP client sends. */
  #broken(method: string, target: string, headers: readonly string[]): string {
    const start = `${method} ${target} HTTP/1.1\r\n`;
    const many = Array.from({ length: 2000 }, (_, at) => `X-${at}: 1`).join('\r\n');
    return this.#pick([
      `${start}${headers.join('\r\n')}\r\n${many}\r\n\r\n`,
      `${start}X-Big: ${'b'.repeat(40_000)}\r\n\r\n`,
      `${start}${headers.join('\n')}\n\n`,
      `${start}Host: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\nzz\r\n`,
      `${start}Host: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n`,
      `${start}Host: a\r\nContent-Length: -1\r\n\r\n`,
      `${start}Host: a\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\nxx`,
      `${start}\0\r\n: x\r\n\r\n`,
      `\x16\x03\x01\x02${target}`,
      `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`,
      `${method} http://evil.example${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
      `${method} * HTTP/1.0\r\n\r\n`,
      `${method} ${target}\r\n\r\n`,
    ]);
  }

  #below(count: number): number {
    return Math.floor(this.#fraction() * count);
  }

  /** True once in so many times. */
  #one(times: number): boolean {
    return this.#below(times) === 0;
  }

  #pick<T>(values: readonly T[]): T {
    return values[this.#below(values.length)] as T;
  }
}

function encode(text: string): string {
  return encodeURIComponent(text).replaceAll('%2F', '/');
}

function latin(text: string): string {
  return Buffer.from(text.replace(/[\0\r\n]/g, ' ')).toString('latin1');
}

function lengthOf(body: Buffer | undefined, isWrong: boolean): string[] {
  if (body === undefined) return [];
  const encoding = body === BOMB ? ['Content-Encoding: gzip'] : [];
  return [`Content-Length: ${isWrong ? 7 : body.length}`, ...encoding];
}

function halves(whole: Buffer): Buffer[] {
  const at = whole.length - Math.min(10, whole.length >> 1);
  return [whole.subarray(0, at), whole.subarray(at)];
}

/** A request to be answered first on the same connection. */
function keepAlive(): Buffer {
  return Buffer.from('GET /v1/status/leader HTTP/1.1\r\nHost: a\r\n\r\n');
}
