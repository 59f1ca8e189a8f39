import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { parse } from 'yaml';
import { send } from '../../support/http.ts';
import { ConsulServer } from './consul-server.ts';

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly example?: string | number | readonly string[];
  readonly $ref?: string;
}

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly example?: unknown }>> };
  readonly responses: Readonly<Record<string, { readonly $ref?: string; readonly content?: Content }>>;
}

type Content = Readonly<Record<string, { readonly example?: unknown }>>;

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly parameters: Readonly<Record<string, Parameter>> };
}

/** Keys in order and types of a JSON value, without its values. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shape);
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.entries(value).map(([key, each]) => [key, shape(each)]);
}

describe('Consul OpenAPI examples', () => {
  const { paths, components } = parse(readFileSync('openapi/consul.yaml', 'utf8')) as OpenApi;
  let server: ConsulServer;
  let sessionId: string | undefined;
  let queryId: string | undefined;

  before(async () => {
    server = await ConsulServer.start();
  });

  after(() => server.stop());

  function resolved(parameter: Parameter): Parameter {
    return components.parameters[parameter.$ref?.split('/').at(-1) ?? ''] ?? parameter;
  }

  /** The path with every example filled in. */
  function example(path: string, { parameters = [] }: Operation): string {
    let filled = path;
    const query = new URLSearchParams();
    for (const { name, in: place, example: value } of parameters.map(resolved)) {
      if (place === 'path' && name === 'session') filled = filled.replace('{session}', sessionId ?? '');
      else if (place === 'path' && name === 'query') filled = filled.replace('{query}', queryId ?? '');
      else if (place === 'path') filled = filled.replace(`{${name}}`, String(value));
      else for (const each of [value ?? []].flat()) query.append(name, String(each));
    }
    return `${filled}?${query.toString()}`;
  }

  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      it(`${operation.operationId} works`, async () => {
        const content = operation.requestBody?.content ?? {};
        const given = Object.values(content)[0]?.example;
        const options =
          'application/x-gzip' in content
            ? { body: (await send(server.port, 'GET', path)).body }
            : given === undefined
              ? {}
              : { body: typeof given === 'string' ? given : JSON.stringify(given) };
        const answer = await send(server.port, method.toUpperCase(), example(path, operation), options);
        expect(answer.status, answer.text).to.equal(200);
        if (operation.operationId === 'createSession')
          sessionId = (JSON.parse(answer.text) as { ID: string }).ID;
        if (operation.operationId === 'createQuery') queryId = (JSON.parse(answer.text) as { ID: string }).ID;
        const described = operation.responses['200']?.content?.['application/json']?.example;
        if (described !== undefined) expect(shape(JSON.parse(answer.text))).to.deep.equal(shape(described));
      });
    }
  }
});
