import { expect } from 'chai';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RequestError, RollcallClient } from '../../src/client/index.ts';

describe('client', () => {
  let server: Server;
  let answer: RequestListener;
  let client: RollcallClient;
  beforeEach(async () => {
    server = createServer((request, response) => {
      answer(request, response);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    client = new RollcallClient({ url, timeoutMs: 500 });
  });
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  const FAILURES: Readonly<Record<string, readonly [answer: RequestListener, status: number]>> = {
    'an answer that breaks off': [
      (_, response) => {
        response.writeHead(200, { 'Content-Length': '100' }).write('{"a":', () => response.destroy());
      },
      0,
    ],
    'an answer that never ends': [(_, response) => response.writeHead(200).write('{"a":'), 0],
    'a refusal that never ends': [(_, response) => response.writeHead(503).write('No'), 0],
    'no JSON': [(_, response) => response.end('<html>'), 200],
    'a refusal without a text': [(_, response) => response.writeHead(500).end(), 500],
  };
  for (const [name, [given, status]] of Object.entries(FAILURES))
    it(`throws a RequestError for ${name}`, async () => {
      answer = given;
      const error: unknown = await client.services().catch((each: unknown) => each);
      expect(error).to.be.instanceOf(RequestError);
      expect(error).to.include({ status });
    });

  it('tells what a problem document says', async () => {
    answer = (_, response) => response.writeHead(404).end('{"title":"No such","detail":"No web"}');
    const error: unknown = await client.owner('web', 'a').catch((each: unknown) => each);
    expect(error).to.include({ status: 404, message: 'No web' });
  });
});
