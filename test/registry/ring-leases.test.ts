import { expect } from 'chai';
import { RollcallError } from '../../src/core/index.ts';
import { createLogger } from '../../src/platform/logger.ts';
import type { LeaseScope, RingLeaseRequest } from '../../src/registry/index.ts';
import { createRedisStore } from '../../src/store/redis/index.ts';
import { eventually } from '../support/eventually.ts';
import { aNode, anInstance } from '../support/pure-catalog.ts';
import { RedisServer, requireRedis } from '../support/redis-server.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

const INSTANCES = 5;

describe('bounded load on two registry nodes', function () {
  this.timeout(60_000);
  let server: RedisServer;
  let nodes: TestRegistry[];

  before(function () {
    requireRedis(this);
  });

  beforeEach(async () => {
    server = await RedisServer.start();
    nodes = [];
    for (let n = 0; n < 2; n += 1) {
      const store = createRedisStore({ url: server.url, logger: createLogger('silent') });
      nodes.push(await startRegistry({ store, identity: { nodeId: `node-${String(n)}` } }));
    }
    for (let port = 1; port <= INSTANCES; port += 1) {
      const instance = anInstance('n1', 'cart', { id: `cart-${String(port)}`, port });
      const registration = { node: aNode('n1'), keepNode: true, checks: [], replaceChecks: false };
      await node(0).catalog.register({ ...registration, instance });
    }
    const isSeen = () => nodes.every(({ view }) => view.state.instancesOf('cart').size === INSTANCES);
    await eventually(isSeen, 'every node knows every instance');
  });

  afterEach(async () => {
    await Promise.all(nodes.map((each) => each.stop()));
    await server.stop();
  });

  function node(index: number): TestRegistry['registry'] {
    const found = nodes[index % nodes.length];
    if (found === undefined) throw new Error('no node');
    return found.registry;
  }

  function wish(id: string, scope: LeaseScope = 'registry'): RingLeaseRequest {
    return { service: 'cart', key: 'hot', ttlMs: 60_000, id, scope, zone: '' };
  }

  /** How many of the leases are on each instance. */
  async function spread(count: number, scope: LeaseScope): Promise<number[]> {
    const leases = await Promise.all(
      Array.from({ length: count }, (_, n) => node(n).ringLeases.acquire(wish(`l${String(n)}`, scope))),
    );
    const loads = new Map<string, number>();
    for (const { instance } of leases) loads.set(instance.id, (loads.get(instance.id) ?? 0) + 1);
    return [...loads.values()].sort((a, b) => b - a);
  }

  it('fills no instance above its share of what both gave out together', async () => {
    expect(await spread(200, 'registry')).to.deep.equal([50, 50, 50, 50]);
    const lease = await node(0).ringLeases.acquire(wish('next'));
    expect(lease).to.include({ load: 51, serviceLoad: 201 });
    await node(1).ringLeases.release('CART', 'next', 'registry');
    expect(await node(1).ringLeases.acquire(wish('next'))).to.include({ serviceLoad: 201 });
  });

  it('is looser where each counts for itself', async () => {
    // 13 leases at each node let an instance take 4 at each, 26 on both together 7.
    expect(await spread(26, 'node')).to.deep.equal([8, 6, 6, 6]);
    expect(await spread(26, 'registry')).to.deep.equal([7, 7, 6, 6]);
  });

  it('begins anew in the next epoch when Redis was emptied, at the first request', async () => {
    await node(0).ringLeases.acquire(wish('before'));
    await server.call('FLUSHALL');
    expect(await node(0).ringLeases.acquire(wish('after'))).to.include({ load: 1, serviceLoad: 1 });
    const gone = node(1).ringLeases.renew('cart', 'before', 1000, 'registry');
    expect(await codeOf(gone)).to.equal('lease_not_found');
  });

  it('goes on by each node for itself while Redis is away, and refuses what it cannot count', async () => {
    await server.kill();
    expect(await codeOf(node(0).ringLeases.acquire(wish('l')))).to.be.oneOf([
      'store_unavailable',
      'outcome_unknown',
    ]);
    expect(await codeOf(node(0).ringLeases.acquire(wish('l')))).to.equal('store_unavailable');
    expect(await node(0).ringLeases.acquire(wish('l', 'node'))).to.include({ load: 1, isNew: true });
  });

  async function codeOf(call: Promise<unknown>): Promise<string> {
    try {
      return JSON.stringify(await call);
    } catch (error) {
      if (error instanceof RollcallError) return error.code;
      throw error;
    }
  }
});
