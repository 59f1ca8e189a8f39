import { expect } from 'chai';
import { checkLease, DEFAULT_PROTECTION, type Check, type Registration } from '../../src/core/index.ts';
import { createLogger } from '../../src/platform/logger.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { LeaseSweeper } from '../../src/runtime/lease-sweeper.ts';
import { eventually } from '../support/eventually.ts';
import { aCheck, aNode, anInstance } from '../support/pure-catalog.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

const TTL_MS = 1000;
const SLOW_MS = 15_000;

function registration(id: string, fields: Partial<Check> = {}): Registration {
  const source = { kind: 'ttl', ttlMs: TTL_MS } as const;
  const check = aCheck('n1', `c-${id}`, { instanceId: id, source, ...fields });
  return {
    node: aNode('n1'),
    keepNode: true,
    instance: anInstance('n1', 'web', { id }),
    checks: [{ ...check, overwriteStatus: true }],
    replaceChecks: false,
  };
}

describe('lease sweeper', () => {
  let test: TestRegistry;
  let sweeper: LeaseSweeper;
  let warnings: string[];
  const check = (id: string) => test.registry.state.checks.get(`n1\0c-${id}`);
  const critical = (id: string) =>
    eventually(() => check(id)?.status === 'critical', `${id} critical`, SLOW_MS);
  const gone = (id: string) =>
    eventually(() => !test.registry.state.instances.has(`n1\0${id}`), `${id} gone`, SLOW_MS);
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

  beforeEach(async () => {
    test = await startRegistry({ protection: { ...DEFAULT_PROTECTION, enabled: false } });
    warnings = [];
    const logger = {
      ...createLogger('silent'),
      warn: (_fields: object, message: string) => warnings.push(message),
    };
    sweeper = new LeaseSweeper({ registry: test.registry, logger, random: systemRandom });
    sweeper.start();
    await eventually(() => sweeper.leads, 'the first sweep');
  });
  afterEach(async () => {
    await sweeper.stop();
    await test.stop();
  });

  it('turns TTL checks critical after their TTL and never before it', async () => {
    const { catalog } = test.registry;
    const lives: Promise<number>[] = [];
    // Spread over more than one sweep, since the moment within it must not matter.
    for (let i = 0; i < 12; i++) {
      const id = `web-${i}`;
      const registeredAt = performance.now();
      await catalog.register(registration(id));
      lives.push(critical(id).then(() => performance.now() - registeredAt));
      await pause(37);
    }
    for (const lifeMs of await Promise.all(lives)) expect(lifeMs).to.be.within(TTL_MS, SLOW_MS);
    expect(check('web-0')?.output).to.equal('TTL expired');
  });

  it('spares whoever sends heartbeats, for a whole TTL from the last one', async () => {
    const { catalog, health } = test.registry;
    await catalog.register(registration('web'));
    let lastAt = 0;
    const until = performance.now() + 3 * TTL_MS;
    while (performance.now() < until) {
      lastAt = performance.now();
      await health.heartbeat('n1', 'c-web', 'passing', 'fine');
      expect(check('web')?.status).to.equal('passing');
      await pause(100);
    }
    await critical('web');
    expect(performance.now() - lastAt).to.be.at.least(TTL_MS);
    expect(check('web')?.output).to.equal('TTL expired (last output before timeout follows): fine');
  });

  it('evicts the instance of an evicting lease', async () => {
    const registeredAt = performance.now();
    await test.registry.catalog.register(registration('web', { source: { kind: 'lease', ttlMs: TTL_MS } }));
    await gone('web');
    expect(performance.now() - registeredAt).to.be.at.least(TTL_MS);
  });

  it('deregisters an instance that has been critical for its time, and not one that recovered', async () => {
    const { catalog, health } = test.registry;
    const fields = { status: 'critical', deregisterAfterMs: TTL_MS, source: { kind: 'external' } } as const;
    const registeredAt = performance.now();
    await catalog.register(registration('dead', fields));
    await catalog.register(registration('recovered', fields));
    await pause(TTL_MS / 2);
    await health.report('n1', 'c-recovered', 'warning', 'up');
    await gone('dead');
    expect(performance.now() - registeredAt).to.be.at.least(TTL_MS);
    await pause(TTL_MS);
    expect(check('recovered')?.status).to.equal('warning');
  });

  it('works through more leases than one sweep lists, in few commits', async () => {
    const ids = Array.from({ length: 1200 }, (_, i) => `web-${i}`);
    const source = { kind: 'lease', ttlMs: 2 * TTL_MS } as const;
    await test.registry.catalog.register({
      node: aNode('n1'),
      keepNode: true,
      checks: [],
      replaceChecks: false,
    });
    await Promise.all(ids.map((id) => test.registry.catalog.register(registration(id, { source }))));
    const gone = () => test.registry.state.instances.size === 0;
    await eventually(gone, 'all evicted', SLOW_MS);
    // One commit for the node, one for each registration, and the rest for evictions.
    expect(test.registry.state.revision - 1 - ids.length).to.be.within(2, 100);
  });

  it('gives everybody a whole TTL after an outage', async () => {
    const { catalog } = test.registry;
    await catalog.register(registration('early'));
    await pause(TTL_MS * 0.8);
    await sweeper.stop();
    // Nobody sweeps for longer than the lease clock takes for a pause.
    await pause(2500);
    expect(check('early')?.status).to.equal('passing');
    const resumedAt = performance.now();
    sweeper = new LeaseSweeper({
      registry: test.registry,
      logger: createLogger('silent'),
      random: systemRandom,
    });
    sweeper.start();
    await critical('early');
    expect(performance.now() - resumedAt).to.be.within(TTL_MS, SLOW_MS);
  });

  it('ends leases that belong to nothing', async () => {
    const { store } = test;
    const orphan = checkLease('n1', 'unknown');
    const grants = [{ lease: orphan, ttlMs: 1 }];
    const rest = { compares: [], puts: [], deletes: [], touches: [], revokes: [] };
    await store.commit({ operation: 'orphan', grants, ...rest });
    const isGone = async () => !(await store.renew([{ lease: orphan, ttlMs: 1 }]))[0];
    await eventually(isGone, 'the orphan revoked');
  });

  it('takes a heartbeat that came in between for what it is, and no failure', async () => {
    const { store, registry } = test;
    await registry.catalog.register(registration('alive', { source: { kind: 'ttl', ttlMs: 600_000 } }));
    const sweep = store.sweep.bind(store);
    let sweeps = 0;
    store.sweep = async (request) => {
      sweeps++;
      const answer = await sweep(request);
      return { ...answer, nowMs: 1e9, due: [...answer.due, checkLease('n1', 'c-alive')] };
    };
    await eventually(() => sweeps > 3, 'several sweeps');
    expect(check('alive')?.status).to.equal('passing');
    expect(warnings).to.deep.equal([]);
    store.sweep = () => Promise.reject(new Error('for a test'));
    await eventually(() => warnings.length > 0, 'a warning');
  });

  it('sweeps on without a pause while the list is full', async () => {
    const { store } = test;
    const at: number[] = [];
    store.sweep = (request) => {
      at.push(performance.now());
      const due = Array.from({ length: request.limit }, (_, i) => `of another format ${i}`);
      return Promise.resolve({ leader: true, nowMs: 0, resumedAtMs: 0, due });
    };
    await eventually(() => at.length > 15, 'many sweeps');
    // With pauses of 200 ms it would take three seconds.
    expect((at[15] ?? 0) - (at[0] ?? 0)).to.be.below(2800);
  });

  it('ends nothing while this node has just stood still', async () => {
    let stalled = true;
    Object.defineProperty(test.registry.condition, 'stalled', { get: () => stalled });
    await test.registry.catalog.register(registration('web'));
    await pause(2 * TTL_MS);
    expect(check('web')?.status).to.equal('passing');
    stalled = false;
    await critical('web');
  });

  it('ends nothing after stop, and does not begin again by itself', async () => {
    await sweeper.stop();
    await sweeper.stop();
    expect(sweeper.leads).to.equal(false);
    await test.registry.catalog.register(registration('web'));
    await pause(TTL_MS + 700);
    expect(check('web')?.status).to.equal('passing');
  });
});
