import { connect } from 'node:net';
import { once } from 'node:events';
import { expect } from 'chai';
import { mapped, type Awaiting, type Dialect, type Later, type RouteResponse } from '../../src/http/index.ts';
import { eventually } from '../support/eventually.ts';
import { send, serveDialects, type TestServer } from '../support/http.ts';

/** An answer that comes when the test says so. */
class Told implements Later {
  isStarted = false;
  /** Times that it was asked for. */
  asked = 0;
  cancelled = 0;
  ready: () => void = () => undefined;
  response: () => RouteResponse | Promise<RouteResponse> = () => ({ status: 200, body: 'news' });

  start(awaiting: Awaiting) {
    this.isStarted = true;
    let isReady = false;
    this.ready = () => {
      if (isReady) return;
      isReady = true;
      awaiting.ready();
    };
    const cancel = () => {
      this.cancelled++;
      this.ready();
    };
    return { cancel };
  }

  answer(): RouteResponse | Promise<RouteResponse> {
    this.asked++;
    return this.response();
  }
}

describe('answers that come later', () => {
  let told: Told;
  let server: TestServer;
  beforeEach(async () => {
    told = new Told();
    const refused = (status: number) => () => ({ status });
    const dialect: Dialect = {
      name: 'test',
      prefixes: ['/t'],
      routes: [
        { method: 'GET', path: '/t/later', handle: () => Promise.resolve({ status: 200, later: told }) },
        {
          method: 'GET',
          path: '/t/mapped',
          handle: () =>
            mapped({ status: 200, later: told }, async (answer) => {
              await Promise.resolve();
              return { ...answer, body: `${String(answer.body)}, mapped` };
            }),
        },
      ],
      ignoreTrailingSlash: false,
      uncleanPath: 'collapse',
      headAsGet: true,
      notFound: refused(404),
      methodNotAllowed: refused(405),
      options: refused(204),
      failure: (error, { path }) => ({ status: 418, body: `${path}: ${String(error)}` }),
    };
    server = await serveDialects([dialect]);
  });
  afterEach(() => server.stop());

  async function asking(path: string) {
    const answer = send(server.port, 'GET', path);
    await eventually(() => told.isStarted, 'the answer is waited for');
    return answer;
  }

  it('are sent when they are ready', async () => {
    const answer = send(server.port, 'GET', '/t/later');
    await eventually(() => told.isStarted, 'the answer is waited for');
    expect(told.asked).to.equal(0);
    told.ready();
    expect(await answer).to.include({ status: 200, text: 'news' });
    expect(told.asked).to.equal(1);
  });

  it('are forgotten when they have been sent', async () => {
    const answer = send(server.port, 'GET', '/t/later');
    await eventually(() => told.isStarted, 'the answer is waited for');
    told.ready();
    expect(await answer).to.include({ text: 'news' });
    server.shutdown.abort();
    expect(told.cancelled).to.equal(0);
  });

  it('are sent where they are ready at once', async () => {
    const start = told.start.bind(told);
    told.start = (awaiting) => {
      const pending = start(awaiting);
      pending.cancel();
      return pending;
    };
    expect(await asking('/t/later')).to.include({ status: 200, text: 'news' });
    expect(told.asked).to.equal(1);
  });

  it('are mapped when they come, also by what takes time', async () => {
    const answer = send(server.port, 'GET', '/t/mapped');
    await eventually(() => told.isStarted, 'the answer is waited for');
    told.ready();
    expect(await answer).to.include({ status: 200, text: 'news, mapped' });
  });

  for (const [how, fail] of [
    [
      'is thrown',
      () => {
        throw new Error('no');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no'))],
  ] as [string, () => Promise<RouteResponse>][]) {
    it(`are spelled by the dialect where what fails ${how}`, async () => {
      told.response = fail;
      const answer = send(server.port, 'GET', '/t/later?x');
      await eventually(() => told.isStarted, 'the answer is waited for');
      told.ready();
      expect(await answer).to.include({ status: 418, text: '/t/later: Error: no' });
    });
  }

  it('come at once where the process stops', async () => {
    const answer = send(server.port, 'GET', '/t/later');
    await eventually(() => told.isStarted, 'the answer is waited for');
    server.shutdown.abort();
    expect(await answer).to.include({ status: 200, text: 'news' });
  });

  it('are no longer waited for when the client has gone', async () => {
    const socket = connect(server.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write('GET /t/later HTTP/1.1\r\nHost: x\r\n\r\n');
    await eventually(() => told.isStarted, 'the answer is waited for');
    socket.destroy();
    await eventually(() => told.asked === 1, 'the wait is over');
  });
});
