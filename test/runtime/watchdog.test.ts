import { expect } from 'chai';
import { createLogger } from '../../src/platform/logger.ts';
import { Watchdog } from '../../src/runtime/watchdog.ts';
import { eventually } from '../support/eventually.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

/** Keeps the event loop busy. */
function stallFor(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

describe('watchdog', () => {
  let test: TestRegistry;
  let watchdog: Watchdog;
  let away: number;
  let warnings: object[];
  beforeEach(async () => {
    test = await startRegistry();
    away = 0;
    warnings = [];
    const warn = (fields: object) => warnings.push(fields);
    watchdog = new Watchdog({
      registry: test.registry,
      logger: { ...createLogger('silent'), warn },
      leaseMs: 2000,
      onAway: () => away++,
    });
  });
  afterEach(async () => {
    watchdog.stop();
    await test.stop();
  });
  const status = () => test.registry.condition.status();
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

  it('withholds verdicts after a standstill, from the first turn on and for as long as it was', async () => {
    watchdog.start();
    await pause(50);
    expect(test.registry.reads.freshness().knownLeader).to.equal(true);
    stallFor(1400);
    // Nobody has told yet: what comes first after a standstill is seldom a timer.
    expect(test.registry.condition.stalled).to.equal(true);
    expect(test.registry.reads.freshness().knownLeader).to.equal(false);
    const endedAt = performance.now();
    await eventually(() => status().stalls === 1, 'the standstill noted');
    expect(status()).to.deep.include({ stalled: true, suspect: false });
    expect(status().reason).to.match(/^The event loop stood still for \d+ ms$/);
    expect(status().longestStallMs).to.be.within(1200, 10_000);
    await eventually(() => !test.registry.condition.stalled, 'the end of the doubt', 20_000);
    expect(performance.now() - endedAt).to.be.at.least(1000);
    expect(status()).to.include({ stalled: false, reason: '' });
    expect(test.registry.reads.freshness().knownLeader).to.equal(true);
    expect(warnings).to.have.length(1);
    expect([away, warnings[0]]).to.deep.include.members([0]);
  });

  it('catches up and registers again after a standstill longer than the lease', async () => {
    let resyncs = 0;
    const resync = test.registry.resync.bind(test.registry);
    test.registry.resync = () => {
      resyncs++;
      resync();
    };
    watchdog.start();
    stallFor(2400);
    await eventually(() => away === 1, 'the way back');
    expect(resyncs).to.equal(1);
    await eventually(() => test.registry.reads.freshness().ageMs < 1000, 'the view confirmed');
    expect(warnings[0]).to.include({ isAway: true });
  });

  it('takes a short delay for none, and says nothing while nobody watches', async () => {
    watchdog.start();
    stallFor(600);
    await pause(150);
    expect(status()).to.include({ stalled: false, stalls: 0 });
    watchdog.stop();
    stallFor(1300);
    expect(status()).to.include({ stalled: false, stalls: 0 });
  });
});
