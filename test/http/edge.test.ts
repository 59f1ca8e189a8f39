import { expect } from 'chai';
import express from 'express';
import { gzipSync } from 'node:zlib';
import request from 'supertest';
import {
  BodyTooLargeError,
  BodyUnreadableError,
  HttpServer,
  type Dialect,
  type RouteRequest,
} from '../../src/http/index.ts';
import { Edge } from '../../src/http/edge.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLogger } from '../../src/platform/logger.ts';
import { eventually } from '../support/eventually.ts';
import { send, sendChunks, serveDialects, type TestServer } from '../support/http.ts';

function aDialect(fields: Partial<Dialect> = {}): Dialect {
  const echo = ({ params, body }: RouteRequest) => ({
    status: 200,
    body: JSON.stringify([params, Buffer.from(body).toString()]),
  });
  return {
    name: 'test',
    prefixes: ['/t'],
    routes: [
      { method: 'GET', path: '/t/fixed/x', handle: () => ({ status: 200, body: 'fixed' }) },
      { method: 'GET', path: '/t/fixed/{id}', handle: echo },
      { method: 'PUT', path: '/t/fixed/{id}', handle: echo, bodyLimitBytes: 100 },
      { method: 'GET', path: '/t/keys/{key+}', handle: echo },
      {
        method: 'GET',
        path: '/t/header/{value}',
        handle: ({ params }) => ({ status: 200, headers: { 'X-Reason': params['value'] ?? '' } }),
      },
      { method: 'GET', path: '/t/none', handle: () => ({ status: 204 }) },
      {
        method: 'GET',
        path: '/t/wait',
        handle: ({ signal }) =>
          new Promise((resolve) => {
            signal.addEventListener('abort', () => {
              resolve({ status: 200, body: 'ended' });
            });
          }),
      },
      { method: 'GET', path: '/t/throw', handle: () => Promise.reject(new Error('secret detail')) },
    ],
    ignoreTrailingSlash: false,
    uncleanPath: 'redirect',
    headAsGet: false,
    notFound: () => ({ status: 404, body: 'none' }),
    methodNotAllowed: (_request, allowed) => ({ status: 405, headers: { Allow: allowed.join(',') } }),
    options: (allowed) => ({ status: 200, headers: { Allow: `OPTIONS,${allowed.join(',')}` } }),
    failure: (error) => {
      if (error instanceof BodyTooLargeError) return { status: 413, body: error.message };
      if (error instanceof BodyUnreadableError || error instanceof URIError)
        return { status: 400, body: 'bad' };
      return { status: 500, body: 'failed' };
    },
    ...fields,
  };
}

describe('http edge', () => {
  let server: TestServer;
  before(async () => {
    server = await serveDialects([aDialect()]);
  });
  after(async () => {
    await server.stop();
  });
  const get = (path: string) => send(server.port, 'GET', path);

  it('decodes parameters, keeping encoded slashes inside them', async () => {
    expect((await get('/t/fixed/a%2Fb%20c')).text).to.equal('[{"id":"a/b c"},""]');
    expect((await get('/t/fixed/x')).text).to.equal('fixed');
    expect((await get('/t/keys/a/b%2Fc/')).text).to.equal('[{"key":"a/b/c/"},""]');
    expect((await get('/t/keys/')).text).to.equal('[{"key":""},""]');
    expect((await get('/t/keys')).text).to.equal('[{"key":""},""]');
  });

  it('has the dialect spell unknown paths, wrong methods, OPTIONS and broken encodings', async () => {
    expect(await get('/t/other')).to.include({ status: 404, text: 'none' });
    expect(await get('/t/fixed/')).to.include({ status: 404 });
    const wrong = await send(server.port, 'DELETE', '/t/fixed/a');
    expect([wrong.status, wrong.headers['allow']]).to.deep.equal([405, 'GET,PUT']);
    expect((await send(server.port, 'HEAD', '/t/fixed/a')).status).to.equal(405);
    expect((await send(server.port, 'OPTIONS', '/t/fixed/a')).headers['allow']).to.equal('OPTIONS,GET,PUT');
    expect(await get('/t/fixed/%zz')).to.include({ status: 400, text: 'bad' });
  });

  it('redirects an unclean path to the clean one, with its query', async () => {
    for (const path of [
      '/t//fixed/a?q=1',
      '/t/./fixed/a?q=1',
      '/t/y/../fixed/a?q=1',
      '/t/%2Ffixed/a?q=1',
      '/t/%2e%2e/t/fixed/a?q=1',
    ]) {
      const answer = await get(path);
      expect([answer.status, answer.headers['location']], path).to.deep.equal([301, '/t/fixed/a?q=1']);
    }
  });

  it('answers an unclean path as the clean one where the dialect has it so, and HEAD as GET', async () => {
    const lenient = await serveDialects([
      aDialect({ uncleanPath: 'collapse', headAsGet: true, ignoreTrailingSlash: true }),
    ]);
    try {
      expect((await send(lenient.port, 'GET', '/t//fixed/a/')).text).to.equal('[{"id":"a"},""]');
      const head = await send(lenient.port, 'HEAD', '/t/fixed/a');
      expect([head.status, head.headers['content-length'], head.text]).to.deep.equal([200, '15', '']);
    } finally {
      await lenient.stop();
    }
  });

  it('bounds bodies as sent, as unzipped and as chunks, and closes the connection', async () => {
    const put = (body: string | Uint8Array, headers = {}) =>
      send(server.port, 'PUT', '/t/fixed/a', { body, headers });
    expect((await put('0123456789')).text).to.equal('[{"id":"a"},"0123456789"]');
    expect((await put('x'.repeat(100))).status).to.equal(200);
    const large = await put('x'.repeat(101));
    expect(large).to.include({
      status: 413,
      text: 'Request body(101 bytes) too large, max size: 100 bytes.',
    });
    expect(large.headers.connection).to.equal('close');
    expect((await put(gzipSync('unzipped'), { 'Content-Encoding': 'gzip' })).text).to.equal(
      '[{"id":"a"},"unzipped"]',
    );
    const bomb = gzipSync(Buffer.alloc(10_000));
    expect(bomb.length).to.be.below(100);
    expect((await put(bomb, { 'Content-Encoding': 'gzip' })).status).to.equal(413);
    expect(await sendChunks(server.port, 'PUT', '/t/fixed/a', ['x'.repeat(60), 'x'.repeat(60)])).to.equal(
      413,
    );
    expect((await put('not gzip', { 'Content-Encoding': 'gzip' })).status).to.equal(400);
    expect((await put('x', { 'Content-Encoding': 'br' })).status).to.equal(400);
  });

  it('sends no length and no body with 204', async () => {
    const answer = await get('/t/none');
    expect([answer.status, answer.headers['content-length'], answer.text]).to.deep.equal([
      204,
      undefined,
      '',
    ]);
  });

  it('sends header values that are not Latin-1 as UTF-8, and never a line break', async () => {
    const answer = await get('/t/header/%E4%B8%96%0D%0AEvil:%201');
    expect(answer.status).to.equal(200);
    expect(Buffer.from(String(answer.headers['x-reason']), 'latin1').toString()).to.equal('世  Evil: 1');
    expect(answer.headers).to.not.have.property('evil');
    expect((await get('/t//header/%E4%B8%96')).status).to.equal(301);
  });

  it('tells nothing of an unexpected error', async () => {
    expect(await get('/t/throw')).to.include({ status: 500, text: 'failed' });
  });

  it('answers blocked reads when the process stops', async () => {
    const stopping = await serveDialects([aDialect()]);
    const blocked = send(stopping.port, 'GET', '/t/wait');
    await eventually(
      async () => (await send(stopping.port, 'GET', '/readyz')).status === 200,
      'the server answers',
    );
    await stopping.stop();
    expect((await blocked).text).to.equal('ended');
  });

  it('answers 429 on connections above the bound of one client', async () => {
    const bounded = await serveDialects([aDialect()], 1);
    const first = send(bounded.port, 'GET', '/t/wait');
    const refused = await eventually(async () => {
      const answer = await send(bounded.port, 'GET', '/t/none');
      return answer.status === 429 && answer;
    }, 'a refusal');
    expect(refused.headers['retry-after']).to.equal('1');
    await bounded.stop();
    await first;
  });

  it('has probes, metrics, the OpenAPI files, Swagger UI, and problem documents for the rest', async () => {
    expect(await get('/livez')).to.include({ status: 200, text: 'ok\n' });
    expect(await get('/readyz')).to.include({ status: 200, text: 'ok\n' });
    expect((await get('/metrics')).text).to.equal('up 1\n');
    expect((await get('/openapi/native.yaml')).text).to.match(/^openapi: 3\.1/);
    expect((await get('/docs/')).text).to.contain('swagger-ui');
    expect((await get('/docs/swagger-ui-init.js')).text).to.contain('/openapi/native.yaml');
    const nothing = await get('/nothing');
    expect([nothing.status, nothing.headers['content-type']]).to.deep.equal([
      404,
      'application/problem+json',
    ]);
  });
});

describe('http edge in a plain express app', () => {
  it('serves the same through supertest', async () => {
    const deps = {
      dialects: [aDialect()],
      logger: createLogger('silent'),
      clock: systemClock,
      onAnswered: () => undefined,
      shutdown: new AbortController().signal,
    };
    const app = express().use(new Edge(deps).middleware);
    await request(app).get('/t/fixed/a').expect(200, '[{"id":"a"},""]');
  });

  it('gets request and response objects that have express prototypes from birth', async () => {
    const app = express();
    const seen: [object | null, object | null][] = [];
    const server = new HttpServer(app, { host: '127.0.0.1', port: 0, maxConnectionsPerClient: 10 });
    const prototypes: [object, object] = [app.request, app.response];
    app.use((incoming, response) => {
      seen.push([Object.getPrototypeOf(incoming) as object, Object.getPrototypeOf(response) as object]);
      response.end();
    });
    const port = await server.listen();
    const swaps = await countPrototypeSwaps(() => send(port, 'GET', '/'));
    await server.close();
    expect(swaps).to.equal(0);
    expect(seen).to.have.length(1);
    expect(seen[0]?.[0]).to.equal(prototypes[0]);
    expect(seen[0]?.[1]).to.equal(prototypes[1]);
  });
});

/** How often an object got another prototype than it had, while `run` ran. */
async function countPrototypeSwaps(run: () => Promise<unknown>): Promise<number> {
  const original = Object.setPrototypeOf.bind(Object);
  let swaps = 0;
  Object.setPrototypeOf = (object: object, prototype: object | null): object => {
    if (Object.getPrototypeOf(object) !== prototype) swaps++;
    return original(object, prototype) as object;
  };
  try {
    await run();
  } finally {
    Object.setPrototypeOf = original;
  }
  return swaps;
}
