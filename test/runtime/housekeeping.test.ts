import { expect } from 'chai';
import { createLogger } from '../../src/platform/logger.ts';
import { Housekeeping } from '../../src/runtime/housekeeping.ts';
import { eventually } from '../support/eventually.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

const MINUTE_MS = 60_000;

describe('housekeeping', () => {
  let test: TestRegistry;
  let nowMs: number;
  let leads: boolean;
  let housekeeping: Housekeeping;
  beforeEach(async () => {
    test = await startRegistry();
    nowMs = 0;
    leads = true;
    const clock = { now: () => 0, monotonic: () => nowMs };
    const logger = createLogger('silent');
    housekeeping = new Housekeeping({ registry: test.registry, clock, logger, leads: () => leads });
  });
  afterEach(async () => {
    await housekeeping.stop();
    await test.stop();
  });
  const tombstones = () => [...test.registry.state.tombstones.values()].map(({ key }) => key);

  async function deleted(key: string): Promise<void> {
    await test.registry.kv.put({ key, value: new Uint8Array(), flags: '0' });
    await test.registry.kv.delete(key);
  }

  async function pass(minutes: number): Promise<void> {
    for (let minute = 0; minute < minutes; minute++) {
      nowMs += MINUTE_MS;
      await housekeeping.run();
    }
  }

  it('forgets deletions after 15 minutes and not before', async () => {
    await deleted('old');
    await pass(1);
    await deleted('young');
    await pass(14);
    expect(tombstones()).to.deep.equal(['old', 'young']);
    await pass(1);
    expect(tombstones()).to.deep.equal(['young']);
    await pass(1);
    expect(tombstones()).to.deep.equal([]);
  });

  it('moves no index and loses no key by that', async () => {
    await deleted('p/a');
    await deleted('p/back');
    await test.registry.kv.put({ key: 'p/back', value: new Uint8Array([1]), flags: '0' });
    const topics = () => [...test.registry.state.topics].filter(([topic]) => topic.startsWith('kv'));
    const before = topics();
    await pass(17);
    expect(tombstones()).to.deep.equal([]);
    expect(topics()).to.deep.equal(before);
    expect([...test.registry.state.kv.values()].map(({ key }) => key)).to.deep.equal(['p/back']);
  });

  it('works through any number of them', async () => {
    await Promise.all(Array.from({ length: 1201 }, async (_, i) => deleted(`k${i}`)));
    await pass(16);
    expect(tombstones()).to.deep.equal([]);
  });

  it('leaves the work to the node that leads, and is ready to take over', async () => {
    leads = false;
    await deleted('old');
    await pass(20);
    expect(tombstones()).to.deep.equal(['old']);
    leads = true;
    await pass(1);
    expect(tombstones()).to.deep.equal([]);
  });

  it('survives a store that is gone', async () => {
    await deleted('old');
    await pass(15);
    await test.store.close();
    await pass(2);
    expect(tombstones()).to.deep.equal(['old']);
  });

  it('runs by the calendar until it is stopped, and ends cleanly', async () => {
    housekeeping.start();
    housekeeping.start();
    await eventually(() => process.getActiveResourcesInfo().includes('Timeout'), 'a timer');
    await housekeeping.stop();
    await housekeeping.stop();
  });
});
