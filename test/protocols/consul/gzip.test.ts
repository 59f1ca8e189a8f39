import { gunzipSync } from 'node:zlib';
import { expect } from 'chai';
import { encoded, takesGzip } from '../../../src/protocols/consul/gzip.ts';
import type { RouteRequest } from '../../../src/http/index.ts';
import { ConsulServer } from './consul-server.ts';

describe('Consul gzip', () => {
  let server: ConsulServer;

  before(async () => {
    server = await ConsulServer.start();
    await server.put('/v1/kv/long', 'x'.repeat(1400));
    await server.put('/v1/kv/short', 'x'.repeat(1399));
  });

  after(() => server.stop());

  it('compresses a body of 1400 bytes for whoever takes it', async () => {
    const { headers, body } = await server.get('/v1/kv/long?raw', { 'Accept-Encoding': 'gzip' });
    expect(headers).to.include({ 'content-encoding': 'gzip', vary: 'Accept-Encoding' });
    expect(headers['content-length']).to.equal(String(body.length));
    expect(gunzipSync(body).toString()).to.equal('x'.repeat(1400));
  });

  it('leaves shorter ones and other clients alone, and says that it depends', async () => {
    for (const [key, accept] of [
      ['short', 'gzip'],
      ['long', ''],
      ['long', 'gzip;q=0'],
      ['long', 'br, deflate'],
    ] as const) {
      const { headers, text } = await server.get(`/v1/kv/${key}?raw`, { 'Accept-Encoding': accept });
      expect(headers['content-encoding'], `${key} ${accept}`).to.equal(undefined);
      expect(headers['vary']).to.equal('Accept-Encoding');
      expect(text).to.match(/^x+$/);
    }
  });

  it('compresses one answer once for all its readers', async () => {
    const body = Buffer.alloc(5000, 'y');
    const request = { headers: { 'accept-encoding': 'gzip' } } as unknown as RouteRequest;
    const [a, b] = await Promise.all([
      encoded({ status: 200, body }, request),
      encoded({ status: 200, body }, request),
    ]);
    expect(a.body).to.equal(b.body);
  });

  it('gives one answer to all who are told of it, without leaving the turn', async () => {
    const request = { headers: { 'accept-encoding': 'gzip' } } as unknown as RouteRequest;
    for (const length of [5000, 100_000]) {
      const response = { status: 200, body: Buffer.alloc(length, 'z') };
      const first = await encoded(response, request);
      expect(encoded(response, request), String(length)).to.equal(first);
      expect(gunzipSync(first.body ?? '').length).to.equal(length);
    }
  });

  it('reads weights', () => {
    for (const yes of ['gzip', 'deflate, gzip', 'GZIP;q=0.5', 'gzip; q=1.0', 'br;q=1.0, gzip;q=0.01'])
      expect(takesGzip(yes), yes).to.equal(true);
    for (const no of [undefined, '', 'xgzip', 'gzip;q=0', 'gzip; q=0.000', 'identity'])
      expect(takesGzip(no), no).to.equal(false);
  });
});
