import { expect } from 'chai';
import { DnsLookup } from '../support/dns-lookup.ts';
import { eventually } from '../support/eventually.ts';
import { send, type HttpAnswer } from '../support/http.ts';
import { RedisServer, requireRedis } from '../support/redis-server.ts';
import { cleanUp, startRollcall, type RollcallProcess } from '../support/rollcall-process.ts';

const SERVICES = 20;
const TTL_MS = 3000;

describe('an outage of Redis', function () {
  this.timeout(90_000);
  let redis: RedisServer;
  let rollcall: RollcallProcess;
  let dns: DnsLookup;

  before(async function () {
    requireRedis(this);
    redis = await RedisServer.start({ appendonly: true, appendfsync: 'always' });
    rollcall = await startRollcall({ REDIS_URL: redis.url });
    dns = new DnsLookup(rollcall.dnsPort);
    for (let i = 0; i < SERVICES; i++) {
      const body = JSON.stringify({
        Name: 'web',
        ID: `web-${String(i)}`,
        Address: `10.0.0.${String(i)}`,
        Port: 80,
        Check: { TTL: '3s', Status: 'passing' },
      });
      expect((await put('/v1/agent/service/register', body)).status).to.equal(200);
    }
  });
  after(async () => {
    await (rollcall as RollcallProcess | undefined)?.stop();
    await (redis as RedisServer | undefined)?.stop();
    await cleanUp();
  });

  const get = (path: string) => send(rollcall.httpPort, 'GET', path);
  const put = (path: string, body = '') => send(rollcall.httpPort, 'PUT', path, { body });
  const beat = async (): Promise<HttpAnswer[]> =>
    Promise.all(
      Array.from({ length: SERVICES }, (_, i) => put(`/v1/agent/check/pass/service:web-${String(i)}`)),
    );

  async function expectLookups(): Promise<void> {
    const health = await get('/v1/health/service/web?passing');
    expect(health.status).to.equal(200);
    expect(JSON.parse(health.text)).to.have.length(SERVICES);
    expect(await dns.srv('web.service.consul')).to.have.length(3);
    expect((await get('/api/v1/services/web/owner?key=k')).status).to.equal(200);
    expect((await get('/eureka/apps/WEB')).status).to.equal(200);
  }

  async function expectRefusedQuickly(request: () => Promise<HttpAnswer>): Promise<void> {
    const startedAt = performance.now();
    const answer = await request();
    expect(answer.status, answer.text).to.equal(500);
    expect(performance.now() - startedAt).to.be.below(2000);
  }

  /** Long enough for every TTL to pass, were the clock not standing still. */
  async function outage(): Promise<void> {
    await expectRefusedQuickly(() => put('/v1/kv/a', 'x'));
    await expectRefusedQuickly(() => put('/v1/agent/service/register', '{"Name":"late"}'));
    await expectRefusedQuickly(() => put('/v1/agent/check/pass/service:web-0'));
    await expectRefusedQuickly(() => get('/v1/kv/a?consistent'));
    const until = performance.now() + 2 * TTL_MS;
    while (performance.now() < until) {
      await expectLookups();
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    const health = await get('/v1/health/service/web');
    expect(health.headers['x-consul-knownleader']).to.equal('false');
    expect(Number(health.headers['x-consul-lastcontact'])).to.be.above(3000);
  }

  async function expectHealed(): Promise<void> {
    await eventually(async () => (await put('/v1/kv/a', 'x')).status === 200, 'writes work again');
    await eventually(
      async () => (await beat()).every(({ status }) => status === 200),
      'heartbeats work again',
    );
    await expectLookups();
    await eventually(
      async () => (await get('/v1/health/service/web')).headers['x-consul-knownleader'] === 'true',
      'the label goes',
    );
  }

  it('stopped: lookups go on, writes fail clearly, it heals by itself, and nobody expires', async () => {
    await beat();
    await expectLookups();
    redis.pause();
    await outage();
    redis.resume();
    await expectHealed();
  });

  it('killed and started again: the same', async () => {
    await beat();
    const before = Number((await get('/v1/health/service/web')).headers['x-consul-index']);
    await redis.kill();
    await outage();
    await redis.restart();
    await expectHealed();
    expect(Number((await get('/v1/health/service/web')).headers['x-consul-index'])).to.be.at.least(before);
  });

  it('come back empty: the view is kept and Redis is filled from it', async () => {
    await beat();
    await put('/v1/kv/kept', 'value');
    await redis.call('FLUSHALL');
    await eventually(async () => {
      await expectLookups();
      return (await put('/v1/kv/b', 'x')).status === 200;
    }, 'writes work again');
    await expectHealed();
    expect((await get('/v1/kv/kept?raw&consistent')).text).to.equal('value');
    const second = await startRollcall({ REDIS_URL: redis.url, NODE_NAME: 'second' });
    try {
      const answer = await send(second.httpPort, 'GET', '/v1/health/service/web?passing');
      expect(JSON.parse(answer.text)).to.have.length(SERVICES);
    } finally {
      await second.stop();
    }
  });

  it('at start: waits for it, not ready meanwhile', async () => {
    const late = await RedisServer.start();
    await late.kill();
    const starting = startRollcall({ REDIS_URL: late.url, NODE_NAME: 'late' });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await late.restart();
    const started = await starting;
    expect((await send(started.httpPort, 'GET', '/readyz')).status).to.equal(200);
    await started.stop();
    await late.stop();
  });
});
