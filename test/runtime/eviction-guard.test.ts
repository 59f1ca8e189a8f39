import { expect } from 'chai';
import {
  checkLease,
  DEFAULT_PROTECTION,
  deregisterLease,
  type Instance,
  type ProtectionPolicy,
  type Registration,
} from '../../src/core/index.ts';
import { createLogger } from '../../src/platform/logger.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { EvictionGuard, type Judgement } from '../../src/runtime/eviction-guard.ts';
import { opinionOn, SecondOpinions } from '../../src/runtime/second-opinion.ts';
import { eventually } from '../support/eventually.ts';
import { closedPort, tcpTarget } from '../support/probe-target.ts';
import { aCheck, aNode, anInstance } from '../support/pure-catalog.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

const MINUTE_MS = 60_000;
const source = { kind: 'lease', ttlMs: MINUTE_MS } as const;

/** Port 0: nobody can be asked about it. */
function registration(id: string, fields: Partial<Instance> = {}): Registration {
  return {
    node: aNode('n1', { address: '127.0.0.1' }),
    keepNode: true,
    instance: anInstance('n1', 'web', { id, port: 0, ...fields }),
    checks: [{ ...aCheck('n1', `c-${id}`, { instanceId: id, source }), overwriteStatus: true }],
    replaceChecks: false,
  };
}

const leaseOf = (id: string) => checkLease('n1', `c-${id}`);
const ids = (count: number, prefix = 'web') => Array.from({ length: count }, (_, i) => `${prefix}-${i}`);

describe('eviction guard', () => {
  let test: TestRegistry;
  let guard: EvictionGuard;
  let opinions: SecondOpinions;
  let lines: string[];
  let nowMs: number;

  function newGuard(): EvictionGuard {
    const note = (_fields: object, message: string) => lines.push(message);
    const logger = { ...createLogger('silent'), warn: note, info: note };
    return new EvictionGuard({ registry: test.registry, opinions, random: systemRandom, logger });
  }
  async function start(policy: Partial<ProtectionPolicy> = {}): Promise<void> {
    test = await startRegistry({ protection: { ...DEFAULT_PROTECTION, ...policy } });
    opinions = new SecondOpinions();
    lines = [];
    nowMs = 1000;
    guard = newGuard();
  }
  afterEach(async () => {
    await opinions.stop();
    await test.stop();
  });
  const register = async (...names: string[]) => {
    for (const id of names) await test.registry.catalog.register(registration(id));
  };
  const status = () => test.registry.protection.status();
  const judge = (...names: string[]) => guard.judge(names.map(leaseOf), nowMs);

  /** Does what a sweeper does with a judgement: ends what may end. Answers how many ended. */
  async function end({ ending, charged }: Judgement): Promise<number> {
    for (const lease of [...ending, ...charged.health]) {
      const [, , check = ''] = lease.split('\0');
      await test.registry.catalog.deregisterInstance('n1', check.slice('c-'.length));
    }
    guard.ended(ending.length, nowMs);
    guard.ended(charged.health.length, nowMs, 'health');
    return ending.length + charged.health.length;
  }
  const living = () => [...test.registry.state.instances.values()].map(({ id }) => id).sort();

  it('lets a single one go, whatever the size of the catalog', async () => {
    await start();
    for (const count of [1, 2, 3, 5]) {
      const names = ids(count);
      await register(...names);
      expect(await end(await judge('web-0'))).to.equal(1);
      expect(status()).to.include({ active: false, reason: '', held: 0, leases: count - 1 });
      nowMs += MINUTE_MS;
    }
    expect(lines).to.deep.equal([]);
  });

  it('lets the budget go and spares the rest, in random order, with a reason', async () => {
    await start();
    const names = ids(40);
    await register(...names);
    expect(status()).to.include({ enabled: true, leases: 40, budget: 6, windowMs: MINUTE_MS });
    const judgement = await judge(...names);
    expect(judgement.ending).to.deep.equal([]);
    expect(judgement.charged.health).to.have.length(6);
    expect(judgement.spared).to.have.length(34);
    expect(judgement.charged.health).to.not.deep.equal(names.slice(0, 6).map(leaseOf));
    for (const { ttlMs } of judgement.spared) expect(ttlMs).to.be.within(4000, 8000);
    expect(status()).to.include({ active: true, reason: '40 of 40 leases ran out within 60 s, and 6 may' });
    const { startedAt = 0, endsAt } = status();
    expect(Date.now() - startedAt).to.be.within(0, 30_000);
    expect(endsAt).to.equal(startedAt + 600_000);
    await end(judgement);

    // The window is used up: nobody else goes, until the next one.
    nowMs += 6000;
    expect(await end(await judge(...living()))).to.equal(0);
    expect(status()).to.include({ active: true, held: 34, ended: 6, leases: 34 });
    nowMs += MINUTE_MS;
    expect(await end(await judge(...living()))).to.equal(5);
  });

  it('counts what goes one by one within the window', async () => {
    await start();
    await register(...ids(20));
    for (const [i, id] of ids(5).entries()) {
      nowMs += 5000;
      expect(await end(await judge(id)), id).to.equal(i < 3 ? 1 : 0);
    }
    expect(status().reason).to.equal('4 of 20 leases ran out within 60 s, and 3 may');
  });

  it('ends by itself once nobody is spared any more, and begins anew', async () => {
    await start();
    const names = ids(20);
    await register(...names);
    await end(await judge(...names));
    const held = living();
    // They come up once more, then their heartbeats are back.
    nowMs += 8000;
    await end(await judge(...held));
    nowMs += 9000;
    await judge();
    expect(status().active).to.equal(true);
    nowMs += 1100;
    await judge();
    expect(status()).to.include({ active: false, reason: '', held: 0, ended: 0 });
    expect(lines).to.deep.equal([
      'self-preservation begins: leases that run out are spared',
      'self-preservation ends',
    ]);
    expect(living()).to.deep.equal(held);
    nowMs += MINUTE_MS;
    expect(await end(await judge(...held))).to.equal(3);
    expect(status().active).to.equal(true);
  });

  it('ends when it has taken too long: all that it spared goes, and the next single one does as before', async () => {
    await start({ maxMs: 5 * MINUTE_MS });
    const names = ids(20);
    await register(...names);
    await end(await judge(...names));
    nowMs += 5 * MINUTE_MS - 1;
    await end(await judge(...living()));
    expect(status().active).to.equal(true);
    nowMs += 1;
    const left = living().length;
    expect(await end(await judge(...living()))).to.equal(left);
    expect(status()).to.include({ active: false, reason: '' });
    nowMs += 11_000;
    await judge();
    expect(test.registry.protection.current).to.equal(undefined);
    await register(...ids(3));
    expect(await end(await judge('web-1'))).to.equal(1);
    expect(status().active).to.equal(false);
  });

  it('has a budget of its own for instances that were critical for too long', async () => {
    await start();
    const names = ids(40);
    const fields = { status: 'critical', deregisterAfterMs: MINUTE_MS } as const;
    for (const id of names) {
      const check = { ...aCheck('n1', `c-${id}`, { instanceId: id, ...fields }), overwriteStatus: true };
      await test.registry.catalog.register({ ...registration(id), checks: [check] });
    }
    expect(status()).to.include({ leases: 0, budget: 3 });
    const { ending, charged, spared } = await guard.judge(
      names.map((id) => deregisterLease('n1', `c-${id}`)),
      nowMs,
    );
    expect([ending.length, charged.health.length, charged.instance.length]).to.deep.equal([0, 0, 6]);
    expect(spared).to.have.length(34);
    expect(status().reason).to.equal('40 of 40 instances were critical for too long within 60 s, and 6 may');
  });

  it('asks the host: one that refuses goes beyond the budget, one that accepts stays', async () => {
    await start();
    const target = await tcpTarget(() => undefined);
    try {
      const refusing = await closedPort();
      const [dead, alive] = [ids(10, 'dead'), ids(10, 'alive')];
      for (const id of dead) await test.registry.catalog.register(registration(id, { port: refusing }));
      for (const id of alive) await test.registry.catalog.register(registration(id, { port: target.port }));
      await judge(...dead, ...alive);
      await eventually(async () => {
        nowMs += 10;
        await end(await judge(...living()));
        return living().length <= alive.length;
      }, 'the dead gone');
      nowMs += 2 * MINUTE_MS;
      await end(await judge(...living()));
      expect(living()).to.deep.equal(alive);
      expect(status()).to.include({ active: true, ended: 10 });
    } finally {
      await target.stop();
    }
  });

  it('connects to nobody where it may not', async () => {
    await start({ probes: false });
    const target = await tcpTarget(() => undefined);
    try {
      const names = ids(20);
      for (const id of names) await test.registry.catalog.register(registration(id, { port: target.port }));
      expect((await judge(...names)).charged.health).to.have.length(3);
      expect(target.connections()).to.equal(0);
    } finally {
      await target.stop();
    }
  });

  it('leaves a service its last instance, unless the catalog is too small for the share to count', async () => {
    await start();
    const names = ids(40);
    for (const id of names) await test.registry.catalog.register(registration(id, { service: id }));
    expect((await judge(...names)).charged.health).to.deep.equal([]);
    nowMs += MINUTE_MS;
    expect((await judge(...names)).charged.health).to.deep.equal([]);
    await test.stop();

    await start();
    for (const id of ids(8)) await test.registry.catalog.register(registration(id, { service: id }));
    for (const left of [5, 2, 0]) {
      await end(await judge(...living()));
      expect(living()).to.have.length(left);
      nowMs += MINUTE_MS;
    }
  });

  it('is taken over by the next node with what the last one noted', async () => {
    await start({ maxMs: 5 * MINUTE_MS });
    const names = ids(20);
    await register(...names);
    await end(await judge(...names));
    nowMs += 6000;
    await judge(...living());
    guard.rest();

    guard = newGuard();
    await judge();
    expect(status()).to.include({ active: true, held: 17 });
    // It has not seen yet what the other one spared.
    nowMs += 9000;
    await judge();
    expect(status().active).to.equal(true);
    await judge(...living());
    nowMs += 4 * MINUTE_MS;
    await judge(...living());
    nowMs += MINUTE_MS;
    expect((await judge(...living())).ending).to.have.length(living().length);
  });

  it('starts its time over where the clock of the store began anew', async () => {
    await start();
    nowMs = 1e9;
    await register(...ids(20));
    await end(await judge(...ids(20)));
    nowMs = 1000;
    await judge(...living());
    expect(test.registry.protection.current?.sinceMs).to.equal(1000);
  });

  it('is off where it is told so, and ends one that others began', async () => {
    await start({ enabled: false });
    const names = ids(20);
    await register(...names);
    await test.registry.protection.begin('by another node', 0);
    expect((await judge(...names)).ending).to.have.length(20);
    expect(status()).to.include({ enabled: false, active: false });
  });
});

describe('second opinion', () => {
  it('tells a host that refuses from one that accepts and one that cannot be asked', async () => {
    const target = await tcpTarget(() => undefined);
    try {
      expect(await opinionOn({ host: '127.0.0.1', port: target.port })).to.equal('accepted');
      expect(await opinionOn({ host: '127.0.0.1', port: await closedPort() })).to.equal('refused');
      expect(await opinionOn({ host: 'name.invalid', port: 80 }, 20_000)).to.equal('unknown');
      expect(new SecondOpinions().of('a', undefined, 0)).to.equal('unknown');
    } finally {
      await target.stop();
    }
  });

  it('is remembered for half a minute, and asked for a few at a time', async () => {
    const opinions = new SecondOpinions();
    const endpoint = { host: '127.0.0.1', port: await closedPort() };
    expect(opinions.of('a', endpoint, 0)).to.equal('asked');
    await eventually(() => opinions.of('a', endpoint, 0) === 'refused', 'an answer');
    expect(opinions.of('a', endpoint, 29_999)).to.equal('refused');
    expect(opinions.of('a', endpoint, 30_000)).to.equal('asked');
    const names = Array.from({ length: 1200 }, (_, i) => `n${i}`);
    const first = names.map((name) => opinions.of(name, { host: '192.0.2.1', port: 80 }, 0));
    expect(first.filter((answer) => answer === 'busy').length).to.be.within(1, 1200 - 1000);
    opinions.clear();
    await opinions.stop();
  });
});
