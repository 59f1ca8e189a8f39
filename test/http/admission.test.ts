import { expect } from 'chai';
import { RollcallError } from '../../src/core/index.ts';
import { Admission, type Dialect } from '../../src/http/index.ts';
import { send, serveDialects } from '../support/http.ts';

/** A clock that stands still until it is moved, and randomness that is always the most. */
function still(ratePerSecond: number): { readonly admission: Admission; advance(ms: number): void } {
  let nowMs = 5000;
  const clock = { now: () => 0, monotonic: () => nowMs };
  const random = { fraction: () => 0.999_999, uuid: () => '', token: () => '' };
  return {
    admission: new Admission({ clock, random, ratePerSecond }),
    advance: (ms) => {
      nowMs += ms;
    },
  };
}

describe('admission', () => {
  const take = (admission: Admission, count: number) =>
    Array.from({ length: count }, () => admission.take()).filter((retry) => retry === undefined).length;

  it('lets in a burst of two seconds, then the rate', () => {
    const { admission, advance } = still(100);
    expect(take(admission, 500)).to.equal(200);
    advance(100);
    expect(take(admission, 500)).to.equal(10);
    advance(60_000);
    expect(take(admission, 500)).to.equal(200);
    expect(admission.refused).to.equal(300 + 490 + 300);
  });

  it('spreads those it puts off over the time that all of them will take, up to half a minute', () => {
    const { admission, advance } = still(100);
    take(admission, 200);
    const retries = Array.from({ length: 10_000 }, () => admission.take());
    expect([retries[0], retries[500], retries.at(-1)]).to.deep.equal([2, 7, 30]);
    advance(60_000);
    take(admission, 200);
    expect(admission.take()).to.equal(2);
  });

  it('lets everything in where it is off', () => {
    expect(take(still(0).admission, 10_000)).to.equal(10_000);
  });

  it('puts registrations off in the words of the dialect, always with 503 and Retry-After, and nothing else', async () => {
    let registered = 0;
    const dialect: Dialect = {
      name: 'test',
      prefixes: ['/t'],
      routes: [
        {
          method: 'PUT',
          path: '/t/register',
          isRegistration: true,
          handle: () => {
            registered++;
            return { status: 200 };
          },
        },
        { method: 'PUT', path: '/t/heartbeat', handle: () => ({ status: 200 }) },
      ],
      ignoreTrailingSlash: false,
      uncleanPath: 'collapse',
      headAsGet: true,
      notFound: () => ({ status: 404 }),
      methodNotAllowed: () => ({ status: 405 }),
      options: () => ({ status: 204 }),
      failure: (error) => ({
        status: 500,
        headers: { 'X-Code': error instanceof RollcallError ? error.code : '' },
        body: 'no',
      }),
    };
    const { admission } = still(1);
    const server = await serveDialects([dialect], 100, admission);
    try {
      const put = (path: string) => send(server.port, 'PUT', path, { body: 'x'.repeat(10_000) });
      expect([(await put('/t/register')).status, (await put('/t/register')).status]).to.deep.equal([
        200, 200,
      ]);
      const refused = await put('/t/register');
      expect([refused.status, refused.text, refused.headers['x-code']]).to.deep.equal([
        503,
        'no',
        'overloaded',
      ]);
      expect(Number(refused.headers['retry-after'])).to.be.within(1, 30);
      expect((await put('/t/heartbeat')).status).to.equal(200);
      expect(registered).to.equal(2);
    } finally {
      await server.stop();
    }
  });
});
