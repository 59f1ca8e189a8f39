import { expect } from 'chai';
import type { Dialect, RouteRequest, RouteResponse } from '../../src/http/index.ts';
import { MAX_BYTES } from '../../src/http/lookup-lane.ts';
import { send, serveDialects, type TestServer } from '../support/http.ts';

/** A dialect with one route, whose answer says what was asked and how often the route was. */
class Asked {
  count = 0;
  isCurrent = true;
  prepare: () => Promise<void> | undefined = () => undefined;
  fields: Partial<RouteResponse> = {};

  dialect(): Dialect {
    const handle = ({ headers }: RouteRequest): RouteResponse => {
      const language = headers['accept-language'] ?? 'none';
      const body = Buffer.from(`${String(++this.count)} ${language}`);
      const reuse = { prepare: () => this.prepare(), isCurrent: () => this.isCurrent };
      return { status: 200, headers: { 'X-Kept': 'yes' }, body, reuse, ...this.fields };
    };
    const refusal = { status: 404, body: 'none' };
    return {
      name: 'test',
      prefixes: ['/t'],
      routes: [
        { method: 'GET', path: '/t/{name}', handle },
        { method: 'PUT', path: '/t/{name}', handle },
      ],
      ignoreTrailingSlash: false,
      uncleanPath: 'redirect',
      headAsGet: true,
      variesBy: ['accept-language'],
      notFound: () => refusal,
      methodNotAllowed: () => refusal,
      options: () => refusal,
      failure: () => ({ status: 500, body: 'failed' }),
    };
  }
}

describe('lookup lane', () => {
  let asked: Asked;
  let server: TestServer;
  beforeEach(async () => {
    asked = new Asked();
    server = await serveDialects([asked.dialect()]);
  });
  afterEach(() => server.stop());
  const get = async (path = '/t/a', headers: Record<string, string> = {}) =>
    (await send(server.port, 'GET', path, { headers })).text;

  it('gives an answer again, headers and all, without asking the route', async () => {
    const first = await send(server.port, 'GET', '/t/a');
    const again = await send(server.port, 'GET', '/t/a');
    expect(again.text).to.equal('1 none');
    expect({ ...again.headers, date: '' }).to.deep.equal({ ...first.headers, date: '' });
    expect(again.headers).to.include({ 'x-kept': 'yes', 'content-length': '6' });
    expect(asked.count).to.equal(1);
  });

  for (const length of [0, 1, 8 * 1024 - 1, 8 * 1024, 100_000]) {
    it(`gives ${length} bytes again as they were`, async () => {
      asked.fields = { body: Uint8Array.from({ length }, (_, i) => (i * 7) % 256) };
      const [first, again] = [await fetchBytes(), await fetchBytes()];
      expect(first.equals(Buffer.from(asked.fields.body as Uint8Array))).to.equal(true);
      expect(again.equals(first)).to.equal(true);
      expect(asked.count).to.equal(1);
    });
  }
  const fetchBytes = async () =>
    Buffer.from(await (await fetch(`http://127.0.0.1:${server.port}/t/a`)).arrayBuffer());

  it('asks the route again once the answer is no longer current, and keeps what it answers', async () => {
    await get();
    asked.isCurrent = false;
    expect(await get()).to.equal('2 none');
    asked.isCurrent = true;
    expect(await get()).to.equal('2 none');
  });

  it('waits for what must happen first, and looks whether the answer is current only then', async () => {
    await get();
    asked.isCurrent = false;
    asked.prepare = async () => {
      asked.isCurrent = true;
    };
    expect(await get()).to.equal('1 none');
    asked.prepare = async () => {
      asked.isCurrent = false;
      throw new Error('not to be had');
    };
    expect(await get()).to.equal('2 none');
  });

  it('tells questions apart by path, query and the headers that count, and by no others', async () => {
    expect(await get('/t/a')).to.equal('1 none');
    expect(await get('/t/a?x')).to.equal('2 none');
    expect(await get('/t/b')).to.equal('3 none');
    expect(await get('/t/a', { 'ACCEPT-Language': 'en' })).to.equal('4 en');
    expect(await get('/t/a', { 'accept-language': 'de' })).to.equal('5 de');
    expect(await get('/t/a', { 'accept-language': 'en' })).to.equal('4 en');
    expect(await get('/t/a', { 'User-Agent': 'other' })).to.equal('1 none');
  });

  it('leaves other methods, and a GET with a body, to the route', async () => {
    await get();
    expect((await send(server.port, 'HEAD', '/t/a')).headers['content-length']).to.equal('6');
    expect((await send(server.port, 'PUT', '/t/a')).text).to.equal('3 none');
    expect((await send(server.port, 'GET', '/t/a', { body: 'x' })).text).to.equal('4 none');
    expect(asked.count).to.equal(4);
    expect(await get()).to.equal('1 none');
  });

  it('keeps no answer that must be rewritten to be sent, and none without bytes', async () => {
    asked.fields = { headers: { 'X-Name': '世' } };
    expect([await get(), await get()]).to.deep.equal(['1 none', '2 none']);
    asked.fields = { body: 'text' };
    await get();
    await get();
    expect(asked.count).to.equal(4);
  });

  it('is bounded by the bytes it keeps', async () => {
    asked.fields = { body: Buffer.alloc(MAX_BYTES / 8) };
    for (let i = 0; i < 8; i++) await get(`/t/${String(i)}`);
    await get('/t/7');
    expect(asked.count, 'the newest is kept').to.equal(8);
    await get('/t/0');
    expect(asked.count, 'the oldest is not').to.equal(9);
  });
});
