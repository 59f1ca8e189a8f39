import { expect } from 'chai';
import type { RouteRequest } from '../../../src/http/index.ts';
import { createNativeDialect } from '../../../src/protocols/native/index.ts';
import { startRegistry, type TestRegistry } from '../../support/registry.ts';

describe('native API: failover of Redis', () => {
  let node: TestRegistry;

  before(async () => {
    node = await startRegistry();
  });

  after(() => node.stop());

  async function codeFor(remoteAddress: string, type: string, headers: object = {}): Promise<unknown> {
    const dialect = createNativeDialect(node.registry);
    const route = dialect.routes.find(({ path }) => path === '/api/v1/redis/failover');
    const request: RouteRequest = {
      method: 'POST',
      path: '/api/v1/redis/failover',
      params: {},
      query: new URLSearchParams(),
      headers: { 'content-type': type, ...headers },
      body: Buffer.from('{}'),
      remoteAddress,
      signal: AbortSignal.timeout(5000),
    };
    try {
      return (await route?.handle(request))?.status;
    } catch (error) {
      return (JSON.parse(String(dialect.failure(error, request).body)) as { code: unknown }).code;
    }
  }

  it('is for this machine, and not for web pages', async () => {
    expect(await codeFor('10.0.0.1', 'application/json')).to.equal('forbidden');
    expect(await codeFor('::ffff:10.0.0.1', 'application/json')).to.equal('forbidden');
    expect(await codeFor('127.0.0.1', 'text/plain')).to.equal('invalid_request');
  });

  it('is not for those behind a proxy on this machine that says so', async () => {
    for (const name of ['forwarded', 'via', 'x-forwarded-for', 'x-real-ip'])
      expect(await codeFor('127.0.0.1', 'application/json', { [name]: '127.0.0.1' })).to.equal('forbidden');
  });

  it('is refused by a store that is no Redis', async () => {
    for (const address of ['127.0.0.1', '::1', '::ffff:127.0.0.1'])
      expect(await codeFor(address, 'application/json; charset=utf-8')).to.equal('failover_refused');
  });
});
