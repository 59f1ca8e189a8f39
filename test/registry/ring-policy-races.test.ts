import { expect } from 'chai';
import { ringPolicyFrom, RollcallError } from '../../src/core/index.ts';
import { createLogger } from '../../src/platform/logger.ts';
import { createRedisStore } from '../../src/store/redis/index.ts';
import { eventually } from '../support/eventually.ts';
import { RedisServer, requireRedis } from '../support/redis-server.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { registerCarts, someKeys } from '../support/ring-instances.ts';

const ROUNDS = 8;

describe('ring policies changed on two nodes at once', function () {
  this.timeout(90_000);
  let server: RedisServer;
  const nodes: TestRegistry[] = [];

  before(async function () {
    requireRedis(this);
    server = await RedisServer.start();
    for (const nodeId of ['one', 'two']) {
      const store = createRedisStore({ url: server.url, logger: createLogger('silent') });
      nodes.push(await startRegistry({ store, identity: { nodeId } }));
    }
    const [first] = nodes;
    if (first !== undefined) await registerCarts(first.registry, 5);
    await eventually(
      () => nodes.every(({ view }) => view.state.instancesOf('cart').size === 5),
      'both nodes know the instances',
    );
  });
  after(async () => {
    await Promise.all(nodes.map((each) => each.stop()));
    await server.stop();
  });

  const put = (at: number, points: number, write: object) => {
    const node = nodes[at % nodes.length];
    if (node === undefined) throw new Error('no node');
    const policy = ringPolicyFrom('cart', { algorithm: 'ring', pointsPerWeight: points, handOverMs: 60_000 });
    return node.registry.ringPolicies.put(policy, { isDryRun: false, maxRanges: 0, ...write });
  };

  let tries = 0;

  /** What became of eight policies at once, none of which there was before: the points of those taken, and the refusals. */
  async function outcomes(write: object): Promise<{ points: number[]; codes: string[] }> {
    const tried = Array.from({ length: 8 }, () => ++tries);
    const settled = await Promise.allSettled(tried.map((points, at) => put(at, points, write)));
    const points = tried.filter((_, at) => settled[at]?.status === 'fulfilled');
    const refusals = settled.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []));
    return {
      points,
      codes: refusals.map((each) => (each instanceof RollcallError ? each.code : String(each))),
    };
  }

  const seen = () =>
    nodes.map(({ registry }) => {
      const { digest, revision } = registry.rings.place('cart', 'key', 1);
      return `${registry.state.ringPolicy('cart').placement.algorithm} ${digest} ${revision}`;
    });

  it('takes one of those that are bound to a revision, or to there being none', async () => {
    let policyRevision = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const { points, codes } = await outcomes({ policyRevision });
      expect(points, `round ${round}`).to.have.length(1);
      expect(new Set(codes)).to.deep.equal(new Set(['revision_mismatch']));
      const [first] = nodes;
      policyRevision = first?.registry.state.ringPolicies.get('cart')?.modifyRevision ?? 0;
      await eventually(() => new Set(seen()).size === 1, 'both nodes place alike');
    }
  });

  it('takes one of those that are bound to the digest of the ring', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      await eventually(() => new Set(seen()).size === 1, 'both nodes place alike');
      const digest = nodes[0]?.registry.rings.of('cart').now.ring.digest;
      const { points, codes } = await outcomes({ digest });
      expect(points, `round ${round}`).to.have.length(1);
      expect(new Set(codes)).to.deep.equal(new Set(['ring_changed']));
    }
  });

  it('goes on placing keys and counting leases while policies change', async () => {
    const [one, two] = nodes;
    if (one === undefined || two === undefined) throw new Error('no nodes');
    const left = { policies: 12 };
    const changes = (async () => {
      for (; left.policies > 0; left.policies--) await put(left.policies, 1 + (left.policies % 3) * 40, {});
    })();
    const ids = new Set<string>();
    for (let n = 0; left.policies > 0 || n < 50; n++) {
      for (const { registry } of nodes)
        for (const key of someKeys(5))
          expect(registry.rings.place('cart', key, 5).preference).to.have.length(5);
      const id = `lease-${n % 50}`;
      const { registry } = n % 2 === 0 ? one : two;
      const lease = await registry.ringLeases.acquire({
        ...{ service: 'cart', key: id, ttlMs: 60_000, id, zone: '' },
        scope: 'registry',
      });
      expect(lease.isNew, id).to.equal(!ids.has(id));
      ids.add(id);
      expect(lease.serviceLoad).to.equal(ids.size);
    }
    await changes;
    for (const id of ids) await two.registry.ringLeases.release('cart', id, 'registry');
    await eventually(() => new Set(seen()).size === 1, 'both nodes place alike');
  });
});
