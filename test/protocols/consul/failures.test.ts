import { expect } from 'chai';
import { ERROR_CODES, RollcallError, type ErrorCode } from '../../../src/core/index.ts';
import { BodyTooLargeError, BodyUnreadableError } from '../../../src/http/index.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { systemRandom } from '../../../src/platform/random.ts';
import { failureOf } from '../../../src/protocols/consul/errors.ts';
import { createConsulDialect } from '../../../src/protocols/consul/index.ts';
import { eventually } from '../../support/eventually.ts';
import { send, serveDialects, type TestServer } from '../../support/http.ts';
import { startRegistry, type TestRegistry } from '../../support/registry.ts';

describe('Consul failures', () => {
  it('spell every refusal of the registry as text, and none as success', () => {
    for (const code of Object.keys(ERROR_CODES) as ErrorCode[]) {
      const { status, headers, body } = failureOf(new RollcallError(code));
      expect(status, code).to.be.at.least(400);
      expect(headers, code).to.include({ 'Content-Type': 'text/plain; charset=utf-8' });
      expect(body, code).to.be.a('string').with.length.above(5);
    }
    expect(failureOf(new RollcallError('store_unavailable'))).to.include({
      status: 500,
      body: 'No cluster leader',
    });
    expect(failureOf(new RollcallError('not_ready'))).to.include({ status: 500, body: 'No cluster leader' });
    expect(failureOf(new RollcallError('outcome_unknown')).headers).to.include({
      'X-Rollcall-Outcome': 'unknown',
    });
    expect(failureOf(new RollcallError('aborted')).headers).to.not.have.property('X-Rollcall-Outcome');
  });

  it('say nothing of an unexpected error', () => {
    const { status, body } = failureOf(new Error('secret path /etc/x'));
    expect(status).to.equal(500);
    expect(body).to.not.include('secret');
  });

  it('spell what the edge refuses', () => {
    expect(failureOf(new BodyTooLargeError(11, 10))).to.include({ status: 413 });
    expect(failureOf(new BodyUnreadableError('bad gzip'))).to.include({ status: 400, body: 'bad gzip' });
    expect(failureOf(new URIError('x'))).to.include({ status: 400 });
  });
});

describe('Consul without its store', () => {
  let tested: TestRegistry;
  let server: TestServer;

  before(async () => {
    tested = await startRegistry();
    const options = {
      clock: systemClock,
      random: systemRandom,
      kvMaxValueBytes: 1000,
      checkIntervalMinMs: 1000,
      checkDeregisterMinMs: 60_000,
    };
    server = await serveDialects([createConsulDialect(tested.registry, options)]);
    await send(server.port, 'PUT', '/v1/agent/service/register', { body: '{"Name":"kept"}' });
    await send(server.port, 'PUT', '/v1/kv/kept', { body: 'x' });
    const member = {
      Node: 'registry-1',
      Address: '127.0.0.1',
      Service: { Service: 'consul', Port: 8500 },
      Check: { CheckID: 'serfHealth', Status: 'passing' },
    };
    await send(server.port, 'PUT', '/v1/catalog/register', { body: JSON.stringify(member) });
    expect((await send(server.port, 'GET', '/v1/status/leader')).text).to.equal('"127.0.0.1:8500"');
    await tested.store.close();
  });

  after(async () => {
    await server.stop();
    await tested.stop();
  });

  it('goes on answering lookups from memory', async () => {
    for (const path of [
      '/v1/health/service/kept',
      '/v1/catalog/services',
      '/v1/kv/kept',
      '/v1/agent/services',
      '/v1/health/service/kept?stale',
    ]) {
      const answer = await send(server.port, 'GET', path);
      expect(answer.status, path).to.equal(200);
      expect(answer.text, path).to.include('kept');
    }
  });

  it('refuses writes and consistent reads within a second', async () => {
    const startedAt = performance.now();
    const answers = [
      await send(server.port, 'PUT', '/v1/agent/service/register', { body: '{"Name":"lost"}' }),
      await send(server.port, 'PUT', '/v1/agent/service/deregister/kept'),
      await send(server.port, 'PUT', '/v1/kv/lost', { body: 'x' }),
      await send(server.port, 'GET', '/v1/kv/kept?consistent'),
      await send(server.port, 'GET', '/v1/catalog/nodes?consistent'),
    ];
    expect(performance.now() - startedAt).to.be.below(1000 * answers.length);
    for (const answer of answers) expect(answer).to.include({ status: 500, text: 'No cluster leader' });
    expect((await send(server.port, 'GET', '/v1/kv/lost')).status).to.equal(404);
  });

  it('says how old its answers are, and that nobody leads', async () => {
    const answer = await eventually(async () => {
      const read = await send(server.port, 'GET', '/v1/health/service/kept');
      return read.headers['x-consul-knownleader'] === 'false' && read;
    }, 'the silence is noticed');
    expect(Number(answer.headers['x-consul-lastcontact'])).to.be.above(3000);
    expect(answer.headers['x-consul-effective-consistency']).to.equal('stale');
    expect((await send(server.port, 'GET', '/v1/status/leader')).text).to.equal('""');
    const old = await send(server.port, 'GET', '/v1/health/service/kept?max_stale=1s');
    expect(old.status).to.equal(200);
  });
});
