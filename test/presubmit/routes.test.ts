import { expect } from 'chai';
import type { Express } from 'express';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/index.ts';
import { createApp, Edge, type Dialect } from '../../src/http/index.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLogger } from '../../src/platform/logger.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { createConsulDialect } from '../../src/protocols/consul/index.ts';
import { createEurekaDialect } from '../../src/protocols/eureka/index.ts';
import { createNativeDialect } from '../../src/protocols/native/index.ts';
import type { Registry } from '../../src/registry/index.ts';
import { startRegistry } from '../support/registry.ts';
import { projectFiles, read } from './tree.ts';

const METHODS = ['get', 'put', 'post', 'delete', 'patch', 'head'];
/** Pages about the API rather than operations of it. */
const PAGES = /^GET \/(openapi\/.*)?$/;

interface OpenApi {
  readonly servers?: readonly { readonly url: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

describe('presubmit: routes', () => {
  let routes: string[];
  let operations: string[];

  before(async () => {
    const started = await startRegistry();
    try {
      routes = [...dialects(started.registry).flatMap(dialectRoutes), ...appRoutes()].sort();
    } finally {
      await started.stop();
    }
    operations = projectFiles(/^openapi\/.*\.yaml$/)
      .flatMap((path) => documented(parse(read(path)) as OpenApi))
      .sort();
  });

  it('are all in openapi/', () => {
    expect(routes.filter((route) => !operations.includes(route))).to.deep.equal([]);
  });

  it('are the only ones in openapi/', () => {
    expect(operations.filter((operation) => !routes.includes(operation))).to.deep.equal([]);
  });
});

function dialects(registry: Registry): Dialect[] {
  const platform = { clock: systemClock, random: systemRandom };
  return [
    createConsulDialect(registry, { ...platform, ...loadConfig([], {}) }),
    createEurekaDialect(registry, platform),
    createNativeDialect(registry),
  ];
}

/** Without aliases and what is off; `{key+}`, which takes the rest of the path, is `{key}` in OpenAPI. */
function dialectRoutes(dialect: Dialect): string[] {
  return dialect.routes
    .filter(({ aliasOf, isOff }) => aliasOf === undefined && isOff !== true)
    .map(({ method, path }) => `${method} ${path.replace('+}', '}')}`);
}

/** What the express app answers besides the dialects. */
function appRoutes(): string[] {
  const app: Express = createApp({
    edge: new Edge({
      dialects: [],
      clock: systemClock,
      logger: createLogger('silent'),
      shutdown: new AbortController().signal,
      onAnswered: () => undefined,
    }),
    openapiDirectory: new URL('../../openapi/', import.meta.url),
    openapiNames: [],
    isReady: () => true,
    metrics: () => Promise.resolve({ text: '', contentType: 'text/plain' }),
  });
  return app.router.stack
    .flatMap(({ route }) => (route === undefined ? [] : [route]))
    .flatMap(({ path, stack }) =>
      [path].flat().flatMap((one) => stack.map(({ method }) => `${method} ${one}`)),
    )
    .map((route) => route.replace(/^\w+/, (method) => method.toUpperCase()))
    .filter((route) => !PAGES.test(route));
}

function documented({ servers, paths }: OpenApi): string[] {
  const base = new URL(servers?.[0]?.url ?? '/', 'http://localhost').pathname.replace(/\/$/, '');
  return Object.entries(paths).flatMap(([path, item]) =>
    METHODS.filter((method) => method in item).map((method) => `${method.toUpperCase()} ${base}${path}`),
  );
}
