import { DurationError, parseGoDuration } from './go-duration.ts';

/** A body that is not what it should be; `message` is worded as Go's `encoding/json` does. */
export class DecodeError extends Error {}

/** Where a value is: the Go type that holds the field, and the path of fields to it. */
interface Place {
  readonly type: string;
  readonly path: string;
}

/** Reads one JSON value; an absent one or null is the type's zero value. Throws `DecodeError`. */
export type Decoder<T> = (value: unknown, place: Place) => T;

type Fields = Readonly<Record<string, Decoder<unknown>>>;
type StructOf<F extends Fields> = { readonly [K in keyof F]: ReturnType<F[K]> };

const TOP: Place = { type: '', path: '' };
/** Deepest nesting that is kept of JSON nobody here looks into. */
const MAX_DEPTH = 64;
const MAX_INT = 2 ** 63;

/** Decodes a request body. An unknown field is ignored, as a later client may send it. */
export function decodeBody<T>(body: Uint8Array, decoder: Decoder<T>): T {
  const text = Buffer.from(body.buffer, body.byteOffset, body.length).toString('utf8');
  return decodeValue(parseJson(text), decoder);
}

export function decodeValue<T>(value: unknown, decoder: Decoder<T>): T {
  return decoder(value, TOP);
}

/**
 * An object with these fields. Keys compare without case and underscores, which covers both the
 * HTTP API's spelling and that of configuration files.
 */
export function struct<F extends Fields>(type: string, fields: F): Decoder<StructOf<F>> {
  const decoders = Object.entries(fields);
  const byKey = new Map(decoders.flatMap(([name]) => [keyOf(name), name].map((key) => [key, name] as const)));
  // Most fields of most values are absent.
  const zero = Object.fromEntries(decoders.map(([name, decode]) => [name, decode(undefined, TOP)]));
  return (value, place) => {
    if (value === undefined || value === null) return zero as StructOf<F>;
    if (!isObject(value)) throw mismatch(value, place, `structs.${type || 'Definition'}`);
    const found = new Map<string, unknown>();
    for (const [key, each] of Object.entries(value)) {
      const name = byKey.get(key) ?? byKey.get(keyOf(key));
      if (name !== undefined) found.set(name, each);
    }
    const decoded = { ...zero };
    for (const [name, decode] of decoders) {
      if (found.has(name)) decoded[name] = decode(found.get(name), { type, path: dotted(place, name) });
    }
    return decoded as StructOf<F>;
  };
}

export const text: Decoder<string> = (value, place) => {
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string') throw mismatch(value, place, 'string');
  return /[\ud800-\udfff]/.test(value) ? Buffer.from(value, 'utf8').toString('utf8') : value;
};

/** A name or id: a text that keys can be made of. */
export const name: Decoder<string> = (value, place) => {
  const decoded = text(value, place);
  if (decoded.includes('\0')) throw new DecodeError(`${place.path} must not contain a NUL character`);
  return decoded;
};

export const int: Decoder<number> = (value, place) => {
  if (value === undefined || value === null) return 0;
  if (typeof value !== 'number' || !Number.isInteger(value) || Math.abs(value) >= MAX_INT)
    throw mismatch(value, place, 'int');
  return value;
};

export const bool: Decoder<boolean> = (value, place) => {
  if (value === undefined || value === null) return false;
  if (typeof value !== 'boolean') throw mismatch(value, place, 'bool');
  return value;
};

/** A Go duration as text, or nanoseconds as a number; in ms. */
export const duration: Decoder<number> = (value, place) => {
  if (value === undefined || value === null) return 0;
  if (typeof value === 'number') return value / 1e6;
  if (typeof value !== 'string') throw mismatch(value, place, 'time.Duration');
  try {
    return parseGoDuration(value);
  } catch (error) {
    throw error instanceof DurationError ? new DecodeError(error.message) : error;
  }
};

/** Any JSON, kept as it is. */
export const json: Decoder<unknown> = (value, place) => {
  if (isDeeper(value, MAX_DEPTH))
    throw new DecodeError(`${place.path} is nested deeper than ${String(MAX_DEPTH)} levels`);
  return value ?? undefined;
};

export function list<T>(item: Decoder<T>): Decoder<T[]> {
  return (value, place) => {
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value)) throw mismatch(value, place, '[]string');
    return value.map((each) => item(each, place));
  };
}

/** An object with any keys; undefined when absent. */
export function map<T>(item: Decoder<T>): Decoder<Readonly<Record<string, T>> | undefined> {
  return (value, place) => {
    if (value === undefined || value === null) return undefined;
    if (!isObject(value)) throw mismatch(value, place, 'map[string]string');
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, item(each, place)]));
  };
}

export function optional<T>(decoder: Decoder<T>): Decoder<T | undefined> {
  return (value, place) => (value === undefined || value === null ? undefined : decoder(value, place));
}

/** Go names only the outer field of what a structure with a decoder of its own holds. */
export function sealed<T>(decoder: Decoder<T>): Decoder<T> {
  return (value, place) => {
    try {
      return decoder(value, place);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      throw new DecodeError(
        error.message.replace(/ Go struct field \S+ /, ` Go struct field ${place.type}.${place.path} `),
      );
    }
  };
}

/** A field of Consul Enterprise: refused unless empty. */
export function enterprise(field: string, feature: string): Decoder<undefined> {
  return (value) => {
    if (value === undefined || value === null || value === '') return undefined;
    throw new DecodeError(`json: unknown field "${field}" - ${feature} are a Consul Enterprise feature`);
  };
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function keyOf(name: string): string {
  return name.replaceAll('_', '').toLowerCase();
}

function dotted({ path }: Place, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function mismatch(value: unknown, { type, path }: Place, wanted: string): DecodeError {
  const kind = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  const shown = typeof value === 'number' && wanted === 'int' ? `number ${String(value)}` : kind;
  const into = path === '' ? 'value' : `struct field ${type}.${path}`;
  return new DecodeError(`json: cannot unmarshal ${shown} into Go ${into} of type ${wanted}`);
}

function parseJson(source: string): unknown {
  try {
    return JSON.parse(source);
  } catch (error) {
    if (source.trim() === '') throw new DecodeError('EOF');
    const reason = error instanceof Error ? error.message : '';
    const [, position] = /at position (\d+)/.exec(reason) ?? [];
    const isCut = /end of JSON input|Unterminated/.test(reason) || Number(position) >= source.length;
    if (isCut) throw new DecodeError('unexpected EOF');
    const [, token] = /^Unexpected token '?(.)/su.exec(reason) ?? [];
    const found =
      position === undefined
        ? (token ?? '')
        : String.fromCodePoint(source.codePointAt(Number(position)) ?? 0);
    throw new DecodeError(`invalid character '${found}' ${context(reason)}`);
  }
}

/** What Go says it was doing, by what V8 says it missed. */
function context(reason: string): string {
  if (reason.includes('property name')) return 'looking for beginning of object key string';
  if (reason.includes("',' or '}'")) return 'after object key:value pair';
  if (reason.includes("',' or ']'")) return 'after array element';
  if (reason.includes('after JSON')) return 'after top-level value';
  return 'looking for beginning of value';
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((each) => isDeeper(each, levels - 1));
}
