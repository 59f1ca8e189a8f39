import { expect } from 'chai';
import type { Dialect, RouteResponse } from '../../src/http/index.ts';
import { send, serveDialects, type TestServer } from '../support/http.ts';

describe('answers that many get', () => {
  let answers: RouteResponse[];
  let server: TestServer;
  before(async () => {
    const refusal = { status: 404, body: 'none' };
    const dialect: Dialect = {
      name: 'test',
      prefixes: ['/t'],
      routes: [{ method: 'GET', path: '/t', handle: () => answers.shift() ?? refusal }],
      ignoreTrailingSlash: false,
      uncleanPath: 'redirect',
      headAsGet: true,
      notFound: () => refusal,
      methodNotAllowed: () => refusal,
      options: () => refusal,
      failure: () => ({ status: 500, body: 'failed' }),
    };
    server = await serveDialects([dialect]);
  });
  after(() => server.stop());

  async function sent(each: readonly RouteResponse[]) {
    answers = [...each];
    const got = [];
    while (answers.length > 0) {
      const { status, headers, text } = await send(server.port, 'GET', '/t');
      const { date: _, ...others } = headers;
      got.push({ status, headers: others, text });
    }
    return got;
  }

  for (const [kind, answer] of Object.entries({
    bytes: { status: 200, headers: { 'X-A': 'a' }, body: Buffer.from('öl') },
    'bytes that bring their length': {
      status: 200,
      headers: { 'Content-Length': '1' },
      body: Buffer.from('b'),
    },
    'headers that have to be rewritten': { status: 200, headers: { 'X-A': '→\n' }, body: Buffer.from('c') },
    'no bytes': { status: 200, headers: {}, body: Buffer.alloc(0) },
    text: { status: 200, headers: {}, body: 'text' },
    nothing: { status: 204, headers: { 'X-A': 'a' } },
  })) {
    it(`are the same each time: ${kind}`, async () => {
      const [alone] = await sent([answer, { status: 200, body: 'other' }]);
      expect(await sent([answer, answer, answer])).to.deep.equal([alone, alone, alone]);
    });
  }

  it('are told apart', async () => {
    const [a, b] = ['a', 'b'].map((text) => ({
      status: 200,
      headers: { 'X-A': text },
      body: Buffer.from(text),
    }));
    if (a === undefined || b === undefined) throw new Error('none');
    const got = await sent([a, a, b, b, a]);
    expect(got.map(({ text, headers }) => `${text}${String(headers['x-a'])}`).join()).to.equal(
      'aa,aa,bb,bb,aa',
    );
  });
});
