import { request as httpRequest, type IncomingMessage } from 'node:http';
import { expect } from 'chai';
import { LogTap } from '../../../src/platform/log-tap.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { systemRandom } from '../../../src/platform/random.ts';
import { createConsulDialect } from '../../../src/protocols/consul/index.ts';
import { eventually } from '../../support/eventually.ts';
import { send, serveDialects, type TestServer } from '../../support/http.ts';
import { startRegistry, type TestRegistry } from '../../support/registry.ts';

describe('Consul monitor', () => {
  const logs = new LogTap();
  let tested: TestRegistry;
  let server: TestServer;

  before(async () => {
    tested = await startRegistry();
    const limits = { kvMaxValueBytes: 1, checkIntervalMinMs: 1, checkDeregisterMinMs: 1 };
    const options = { clock: systemClock, random: systemRandom, logs, ...limits };
    server = await serveDialects([createConsulDialect(tested.registry, options)]);
  });

  after(async () => {
    await server.stop();
    await tested.stop();
  });

  const log = (level: number, msg: string, fields = {}) => {
    logs.write(`${JSON.stringify({ level, time: 0, pid: 1, hostname: 'h', ...fields, msg })}\n`);
  };

  /** An open monitor, and what it has got so far. */
  async function monitor(query: string): Promise<{ got: () => string; response: IncomingMessage }> {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const path = `/v1/agent/monitor?${query}`;
      httpRequest({ host: '127.0.0.1', port: server.port, path }, resolve).on('error', reject).end();
    });
    let text = '';
    response.on('error', () => undefined);
    response.on('data', (chunk: Buffer) => (text += chunk.toString()));
    return { got: () => text, response };
  }

  it('sends lines of the level asked for, and none from before', async () => {
    log(50, 'too early');
    const { got, response } = await monitor('loglevel=WARN');
    expect(response.statusCode).to.equal(200);
    log(30, 'hidden');
    log(40, 'shown', { node: 'a', why: 'b c' });
    log(50, 'worse', { err: { message: 'boom', stack: 'at x' } });
    const wanted =
      '1970-01-01T00:00:00.000Z [WARN]  agent: shown: node=a why="b c"\n1970-01-01T00:00:00.000Z [ERROR] agent: worse: err=boom\n';
    await eventually(() => got() === wanted, `the lines, not ${got()}`);
    response.destroy();
  });

  it('sends JSON where asked for', async () => {
    const { got, response } = await monitor('logjson');
    log(30, 'hello');
    await eventually(() => got().includes('"msg":"hello"'), 'the line');
    expect(JSON.parse(got())).to.include({ level: 30, msg: 'hello' });
    response.destroy();
  });

  it('refuses a level that is none', async () => {
    const answer = await send(server.port, 'GET', '/v1/agent/monitor?loglevel=zz');
    expect(answer).to.include({ status: 400, text: 'Unknown log level: zz' });
    const inherited = await send(server.port, 'GET', '/v1/agent/monitor?loglevel=constructor');
    expect(inherited.status).to.equal(400);
  });

  it('ends when the server stops', async () => {
    const { response } = await monitor('');
    const ended = new Promise((resolve) => response.once('close', resolve));
    server.shutdown.abort();
    await ended;
  });
});
