import { expect } from 'chai';
import type { CheckSource, Registration } from '../../src/core/index.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLogger } from '../../src/platform/logger.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { pureHashes } from '../../src/core/ring/index.ts';
import { Assignment } from '../../src/runtime/checks/assignment.ts';
import { CheckRunner } from '../../src/runtime/checks/runner.ts';
import { LeaseSweeper } from '../../src/runtime/lease-sweeper.ts';
import { Membership } from '../../src/runtime/membership.ts';
import { createRedisStore } from '../../src/store/redis/index.ts';
import { eventually } from '../support/eventually.ts';
import { httpTarget, type ProbeTarget } from '../support/probe-target.ts';
import { aCheck, aNode, anHttpProbe, anInstance } from '../support/pure-catalog.ts';
import { redisAvailable, RedisServer, requireRedis } from '../support/redis-server.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

const CHECKS = 100;
const INTERVAL_MS = 200;
const SLOW_MS = 20_000;

interface RegistryNode extends TestRegistry {
  readonly runner: CheckRunner;
  readonly sweeper: LeaseSweeper;
  /** Ends without a word, as a crash does. */
  die(): Promise<void>;
}

describe('two nodes on one Redis', () => {
  let redis: RedisServer;
  let target: ProbeTarget;
  let nodes: RegistryNode[] = [];
  before(async function () {
    requireRedis(this);
    redis = await RedisServer.start();
  });
  after(async () => {
    if (redisAvailable()) await redis.stop();
  });
  beforeEach(async () => {
    target = await httpTarget((_request, response) => response.end('fine'));
  });
  afterEach(async () => {
    for (const node of nodes) await node.stop();
    nodes = [];
    await target.stop();
    await redis.call('FLUSHALL');
  });

  async function startNode(number: number, scriptChecks = false): Promise<RegistryNode> {
    const logger = createLogger('silent');
    const nodeId = `${number}`.repeat(8) + '-1111-4111-8111-111111111111';
    const identity = { nodeName: `registry-${number}`, nodeId };
    const test = await startRegistry({ identity, store: createRedisStore({ url: redis.url, logger }) });
    const deps = { registry: test.registry, clock: systemClock, random: systemRandom, logger };
    const assignment = new Assignment(test.registry, pureHashes.xxh64);
    const membership = new Membership({ ...deps, httpPort: 8500 + number });
    const onSuspect = () => void membership.announce();
    const runner = new CheckRunner({ ...deps, assignment, scriptChecks, onSuspect });
    const sweeper = new LeaseSweeper(deps);
    sweeper.start();
    await membership.start();
    runner.start();
    let running = true;
    const end = async (steps: readonly (() => Promise<void>)[]) => {
      if (!running) return;
      running = false;
      for (const step of steps) await step();
    };
    const quit = [() => runner.stop(), () => sweeper.stop()];
    const node = {
      ...test,
      runner,
      sweeper,
      stop: () => end([...quit, () => membership.stop(), () => test.stop()]),
      // Without its store it can neither say goodbye nor beat.
      die: () => end([() => test.store.close(), ...quit, () => membership.stop(), () => test.stop()]),
    };
    nodes.push(node);
    return node;
  }

  function registration(id: string, source: CheckSource): Registration {
    const check = aCheck('n1', `c-${id}`, { instanceId: id, status: 'critical', source });
    return {
      node: aNode('n1'),
      keepNode: true,
      instance: anInstance('n1', 'web', { id }),
      checks: [{ ...check, overwriteStatus: true }],
      replaceChecks: false,
    };
  }

  async function registerChecks(node: RegistryNode): Promise<void> {
    const url = `http://127.0.0.1:${target.port}/`;
    const source = anHttpProbe(url, { intervalMs: INTERVAL_MS, timeoutMs: 5000 });
    const ids = Array.from({ length: CHECKS }, (_, i) => `web-${i}`);
    await Promise.all(ids.map((id) => node.registry.catalog.register(registration(id, source))));
  }

  /** Statuses and revisions of the checks under test; any write of a result would show. */
  function results(node: RegistryNode): string[] {
    const checks = [...node.registry.state.checksOn('n1').values()];
    return checks.map(({ id, status, modifyRevision }) => `${id} ${status} ${modifyRevision}`).sort();
  }

  it('share the checks, and move only the share of one that comes, goes or dies', async () => {
    const one = await startNode(1);
    await registerChecks(one);
    expect(one.runner.size).to.equal(CHECKS);
    const isPassing = () => results(one).every((line) => line.includes('passing'));
    await eventually(isPassing, 'all passing', SLOW_MS);
    const before = results(one);

    const two = await startNode(2);
    await eventually(() => one.runner.size + two.runner.size === CHECKS, 'the checks shared', SLOW_MS);
    expect(one.runner.size).to.be.within(20, 80);
    await two.stop();
    await eventually(() => one.runner.size === CHECKS, 'the share taken back at once', SLOW_MS);

    const three = await startNode(3);
    await eventually(() => one.runner.size + three.runner.size === CHECKS, 'the checks shared', SLOW_MS);
    const asked = target.requests.length;
    await eventually(() => target.requests.length > asked + 3 * CHECKS, 'checks going on', SLOW_MS);
    await three.die();
    await eventually(() => one.runner.size === CHECKS, 'the share of a dead node taken over', SLOW_MS);
    expect(results(one)).to.deep.equal(before);
  }).timeout(90_000);

  it('see a failing target whoever looks at it', async () => {
    const [one, two] = [await startNode(1), await startNode(2)];
    await registerChecks(one);
    const all = (status: string) => () =>
      [one, two].every((node) => {
        const lines = results(node);
        return lines.length === CHECKS && lines.every((line) => line.includes(status));
      });
    await eventually(all('passing'), 'all passing', SLOW_MS);
    await target.stop();
    await eventually(all('critical'), 'all critical', SLOW_MS);
  }).timeout(60_000);

  it('do not believe one of them to which everything seems to fail at once: it hands its checks over', async () => {
    const able = await startNode(1, true);
    const script: CheckSource = {
      kind: 'script',
      args: ['true'],
      intervalMs: INTERVAL_MS,
      timeoutMs: 20_000,
    };
    for (let i = 0; i < 30; i++) await able.registry.catalog.register(registration(`web-${i}`, script));
    const statuses = () => results(able).map((line) => line.split(' ')[1]);
    await eventually(() => statuses().every((status) => status === 'passing'), 'all passing', SLOW_MS);
    const before = results(able);

    // To this one every program is forbidden, so whatever it runs fails.
    const unable = await startNode(2);
    const suspect = () => unable.registry.condition.status();
    await eventually(() => suspect().suspect, 'the second in doubt of itself', SLOW_MS);
    await eventually(
      () => able.runner.size === 30 && unable.runner.size === 0,
      'the checks handed over',
      SLOW_MS,
    );
    expect(suspect().reason).to.match(/^6 of the last \d+ checks began to fail at once$/);
    const node = able.registry.state.checks.get('registry-2\0service:consul');
    expect(node).to.include({ status: 'warning', output: suspect().reason });
    expect(results(able)).to.deep.equal(before);
  }).timeout(90_000);

  it('let one of them end leases, and another when that one is gone', async () => {
    const [one, two] = [await startNode(1), await startNode(2)];
    const isLed = () => one.sweeper.leads !== two.sweeper.leads;
    await eventually(isLed, 'a leader');
    const [leader, other] = one.sweeper.leads ? [one, two] : [two, one];
    const source = { kind: 'ttl', ttlMs: 1500 } as const;
    const registeredAt = performance.now();
    await other.registry.catalog.register({
      ...registration('web', source),
      checks: [{ ...aCheck('n1', 'c-web', { instanceId: 'web', source }), overwriteStatus: true }],
    });
    await leader.die();
    await eventually(() => other.sweeper.leads, 'the other leads', SLOW_MS);
    const status = () => other.registry.state.checks.get('n1\0c-web')?.status;
    await eventually(() => status() === 'critical', 'the TTL check critical', SLOW_MS);
    expect(performance.now() - registeredAt).to.be.at.least(1500);
  }).timeout(60_000);
});
