import { expect } from 'chai';
import express from 'express';
import { HttpServer } from '../../src/http/index.ts';
import { send } from '../support/http.ts';

interface Call {
  readonly method?: string;
  readonly host?: string;
  readonly origin?: string;
}

/** The statuses of requests to a server bound to an address. */
async function statusesOf(host: string, hosts: readonly string[], calls: readonly Call[]): Promise<number[]> {
  const app = express();
  app.use((_request, response) => {
    response.send('done');
  });
  const server = new HttpServer(app, { host, hosts, port: 0, maxConnectionsPerClient: 100 });
  const port = await server.listen();
  try {
    const statuses: number[] = [];
    for (const { method = 'GET', host: name = `127.0.0.1:${port}`, origin } of calls) {
      const headers = { Host: name, ...(origin === undefined ? {} : { Origin: origin }) };
      statuses.push((await send(port, method, '/any', { headers })).status);
    }
    return statuses;
  } finally {
    await server.close();
  }
}

describe('http browser guard', () => {
  it('answers on loopback to names only that no page of elsewhere can have', async () => {
    const own = [
      '127.0.0.1',
      'localhost:8500',
      'LOCALHOST.',
      '[::1]:8500',
      'consul:8500',
      'app.localhost:1',
      '::1',
      '',
    ];
    const foreign = [
      'evil.example:8500',
      'evil.example',
      '127.0.0.1.nip.io',
      'localhost.evil.example.',
      '[::1].evil.example',
    ];
    const calls = [...own, ...foreign].map((host) => ({ host }));
    expect(await statusesOf('127.0.0.1', [], calls)).to.deep.equal([
      ...own.map(() => 200),
      ...foreign.map(() => 403),
    ]);
    // One that was answered vouches for no other.
    expect(await statusesOf('127.0.0.1', [], [{}, { host: 'evil.example' }, {}])).to.deep.equal([
      200, 403, 200,
    ]);
  });

  it('answers on other addresses to every name, for nothing else tells whose it is', async () => {
    const calls = [{ host: 'registry.example.com' }, { host: 'registry.example.com', method: 'PUT' }];
    expect(await statusesOf('0.0.0.0', [], calls)).to.deep.equal([200, 200]);
  });

  it('takes no writes from pages of other origins, whatever it is bound to', async () => {
    const rebound = 'evil.example:8500';
    const calls: Call[] = [
      { method: 'POST', origin: 'http://evil.example' },
      { method: 'PUT', origin: 'http://127.0.0.1:9' },
      { method: 'DELETE', origin: 'null' },
      { method: 'POST', origin: '' },
      { method: 'POST', origin: 'file://127.0.0.1' },
      { method: 'POST', host: rebound, origin: `http://${rebound}` },
    ];
    for (const host of ['127.0.0.1', '0.0.0.0'])
      expect(await statusesOf(host, [], calls), host).to.deep.equal(calls.map(() => 403));
  });

  it('takes writes from its own pages, and from programs, which send no origin', async () => {
    const calls: Call[] = [
      { method: 'PUT' },
      { method: 'PUT', host: 'localhost:8500', origin: 'http://localhost:8500' },
      { method: 'POST', host: '[::1]:8500', origin: 'http://[::1]:8500' },
      { method: 'GET', origin: 'http://evil.example' },
    ];
    for (const host of ['127.0.0.1', '0.0.0.0'])
      expect(await statusesOf(host, [], calls), host).to.deep.equal(calls.map(() => 200));
  });

  it('answers to the names it was given, behind a proxy that changes the host too', async () => {
    const calls: Call[] = [
      { host: 'registry.example.com' },
      { method: 'PUT', host: 'registry.example.com', origin: 'https://registry.example.com' },
      { method: 'PUT', host: '127.0.0.1:8500', origin: 'https://Registry.example.com' },
      { host: 'other.example.com' },
    ];
    expect(await statusesOf('127.0.0.1', ['Registry.Example.com'], calls)).to.deep.equal([
      200, 200, 200, 403,
    ]);
  });
});
