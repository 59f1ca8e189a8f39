import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { eventually } from '../../support/eventually.ts';
import { CHECK_DEREGISTER_MIN_MS, ConsulServer } from './consul-server.ts';

interface Check {
  readonly Status: string;
  readonly Output: string;
}

describe('Consul checks of the agent', () => {
  let server: ConsulServer;

  before(async () => {
    server = await ConsulServer.start();
  });

  after(() => server.stop());

  async function check(id: string): Promise<Check | undefined> {
    return (await server.json<Record<string, Check>>('/v1/agent/checks'))[id];
  }

  async function passing(service: string): Promise<number> {
    return (await server.json<unknown[]>(`/v1/health/service/${service}?passing`)).length;
  }

  it('turns a TTL check critical when its heartbeats stop, and keeps the last output', async () => {
    await server.put('/v1/agent/service/register', { Name: 'beating', Check: { TTL: '1500ms' } });
    expect((await check('service:beating'))?.Status).to.equal('critical');
    for (let beat = 0; beat < 4; beat++) {
      await server.put('/v1/agent/check/pass/service:beating?note=alive');
      expect(await passing('beating')).to.equal(1);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    const stopped = await eventually(async () => {
      const now = await check('service:beating');
      return now?.Status === 'critical' && now;
    }, 'the check turns critical');
    expect(stopped.Output).to.equal('TTL expired (last output before timeout follows): alive');
    expect(await passing('beating')).to.equal(0);
  });

  it('removes an instance that stays critical, no sooner than the least time', async () => {
    const registeredAt = performance.now();
    await server.put('/v1/agent/service/register', {
      Name: 'doomed',
      Check: { TTL: '1h', DeregisterCriticalServiceAfter: '1ms' },
    });
    await eventually(
      async () => (await server.get('/v1/agent/service/doomed')).status === 404,
      'the instance is removed',
    );
    expect(performance.now() - registeredAt).to.be.at.least(CHECK_DEREGISTER_MIN_MS);
    expect(await check('service:doomed')).to.equal(undefined);
  });

  it('takes an instance out of the passing ones when its HTTP check fails', async () => {
    let status = 200;
    const probed: Server = createServer((request, response) => {
      response.statusCode = request.headers['x-probe'] === 'yes' ? status : 500;
      response.end();
    });
    await new Promise<void>((resolve) => probed.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${String((probed.address() as AddressInfo).port)}/`;
    try {
      await server.put('/v1/agent/service/register', {
        Name: 'probed',
        Check: { HTTP: url, Interval: '100ms', Header: { 'X-Probe': ['yes'] } },
      });
      await eventually(async () => (await passing('probed')) === 1, 'the check passes');
      status = 503;
      await eventually(async () => (await passing('probed')) === 0, 'the check fails');
    } finally {
      probed.close();
    }
  });

  it('Compat(consul): an output longer than 4096 bytes is cut and says so', async () => {
    await server.put('/v1/agent/check/register', { Name: 'wordy', TTL: '1h' });
    await server.put('/v1/agent/check/update/wordy', {
      Status: 'passing',
      Output: `${'x'.repeat(4090)}${'é'.repeat(500)}`,
    });
    expect((await check('wordy'))?.Output).to.equal(
      `${'x'.repeat(4090)}ééé ... (captured 4096 of 5090 bytes)`,
    );
  });

  it('shows an output at once that the catalog gets later', async () => {
    await server.put('/v1/agent/check/register', { Name: 'chatty', TTL: '1h', Status: 'passing' });
    await server.put('/v1/agent/check/pass/chatty?note=first');
    await server.put('/v1/agent/check/pass/chatty?note=second');
    expect((await check('chatty'))?.Output).to.equal('second');
    const held = await server.json<Check[]>('/v1/health/node/rollcall');
    expect(held.map(({ Output }) => Output))
      .to.include('first')
      .and.not.include('second');
  });
});
