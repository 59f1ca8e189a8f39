import { expect } from 'chai';
import { eventually } from '../support/eventually.ts';
import { send } from '../support/http.ts';
import { RedisServer, requireRedis } from '../support/redis-server.ts';
import { cleanUp, startRollcall, type RollcallProcess } from '../support/rollcall-process.ts';

describe('two nodes on one Redis', function () {
  this.timeout(60_000);
  let redis: RedisServer | undefined;
  let first: RollcallProcess;
  let second: RollcallProcess;

  before(async function () {
    requireRedis(this);
    redis = await RedisServer.start({ appendonly: true });
    const settings = { REDIS_URL: redis.url, CHECK_INTERVAL_MIN: '100ms' };
    [first, second] = await Promise.all([
      startRollcall({ ...settings, NODE_NAME: 'first' }),
      startRollcall({ ...settings, NODE_NAME: 'second' }),
    ]);
  });
  after(async () => {
    await cleanUp();
    await redis?.stop();
  });

  const get = (node: RollcallProcess, path: string) => send(node.httpPort, 'GET', path);
  const put = (node: RollcallProcess, path: string, body = '') => send(node.httpPort, 'PUT', path, { body });
  const idsOf = async (node: RollcallProcess, service: string): Promise<string[]> => {
    const answer = await get(node, `/v1/health/service/${service}?passing`);
    return (JSON.parse(answer.text) as { Service: { ID: string } }[]).map(({ Service }) => Service.ID).sort();
  };

  it('shows on one node at once what the other acknowledged', async () => {
    for (let i = 0; i < 50; i++) {
      const [writer, reader] = i % 2 === 0 ? [first, second] : [second, first];
      await put(writer, '/v1/kv/counter', String(i));
      expect((await get(reader, '/v1/kv/counter?raw')).text).to.equal(String(i));
    }
    await put(first, '/v1/agent/service/register', '{"Name":"web","ID":"web-1","Port":80}');
    expect(await idsOf(second, 'web')).to.deep.equal(['web-1']);
    const deregistered = await put(second, '/v1/agent/service/deregister/web-1');
    expect(deregistered.status).to.equal(200);
    expect(await idsOf(first, 'web')).to.deep.equal([]);
  });

  it('lets one of both win a conditional write, and counts every write', async () => {
    const races = Array.from({ length: 20 }, async (_, i) => {
      const answers = await Promise.all(
        [first, second].map((node) => put(node, `/v1/kv/race/${String(i)}?cas=0`, 'x')),
      );
      return answers.filter(({ text }) => text.trim() === 'true').length;
    });
    expect(await Promise.all(races)).to.deep.equal(Array.from({ length: 20 }, () => 1));
  });

  it('wakes a reader that waits on the other node', async () => {
    const { headers } = await get(first, '/v1/health/service/woken');
    const blocked = get(
      first,
      `/v1/health/service/woken?index=${String(headers['x-consul-index'])}&wait=30s`,
    );
    await put(second, '/v1/agent/service/register', '{"Name":"woken","Port":80}');
    expect((await blocked).text).to.contain('"woken"');
  });

  it('takes heartbeats on any node', async () => {
    await put(first, '/v1/agent/service/register', '{"Name":"beat","Check":{"TTL":"3s","Status":"passing"}}');
    for (let i = 0; i < 8; i++) {
      expect((await put(i % 2 === 0 ? second : first, '/v1/agent/check/pass/service:beat')).status).to.equal(
        200,
      );
      await new Promise((resolve) => setTimeout(resolve, 600));
      expect(await idsOf(second, 'beat')).to.deep.equal(['beat']);
    }
  });

  it('places keys alike on both nodes', async () => {
    for (const n of [1, 2, 3]) {
      const body = JSON.stringify({
        Name: 'cart',
        ID: `cart-${String(n)}`,
        Address: `10.0.0.${String(n)}`,
        Port: 80,
      });
      await put(first, '/v1/agent/service/register', body);
    }
    await idsOf(second, 'cart');
    for (let i = 0; i < 30; i++) {
      const path = `/api/v1/services/cart/owner?key=user-${String(i)}&replicas=3`;
      expect((await get(second, path)).text).to.equal((await get(first, path)).text);
    }
  });

  it('goes on when one node is killed: the other runs its checks and expires its leases', async () => {
    for (let i = 0; i < 10; i++) {
      const check = { TCP: `127.0.0.1:${String(first.httpPort)}`, Interval: '200ms', Timeout: '1s' };
      const body = JSON.stringify({
        Name: 'probed',
        ID: `probed-${String(i)}`,
        Address: '127.0.0.1',
        Port: 80,
        Check: check,
      });
      await put(second, '/v1/agent/service/register', body);
    }
    await eventually(async () => (await idsOf(second, 'probed')).length === 10, 'all probes pass');
    await first.kill();
    // Every probe now fails, also those that the killed node ran.
    await eventually(
      async () => (await idsOf(second, 'probed')).length === 0,
      'the other node takes the checks over',
      30_000,
    );
    await put(
      second,
      '/v1/agent/service/register',
      '{"Name":"late","Check":{"TTL":"1s","Status":"passing"}}',
    );
    await eventually(async () => (await idsOf(second, 'late')).length === 0, 'leases still run out');
    await eventually(
      async () => (await idsOf(second, 'consul')).length === 1,
      'the killed node is seen to be gone',
    );
    const left = JSON.parse((await get(second, '/v1/health/service/probed')).text) as unknown[];
    expect(left).to.have.length(10);
  });
});
