import { expect } from 'chai';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { ringPolicyFrom } from '../../src/core/index.ts';
import { buildRing, pureHashes } from '../../src/core/ring/index.ts';
import { EventLoopTurns } from '../../src/registry/event-loop-turns.ts';
import { registerCarts } from '../support/ring-instances.ts';
import { startRegistry } from '../support/registry.ts';

const WRITE = { isDryRun: false, maxRanges: 0 };

describe('registry: long work', () => {
  it('has one turn in each iteration of the event loop, in order of arrival', async () => {
    const turns = new EventLoopTurns();
    const taken: { job: number; iteration: number }[] = [];
    let iteration = 0;
    let isCounting = true;
    const count = () => {
      iteration++;
      if (isCounting) setImmediate(count);
    };
    count();
    const jobs = Array.from({ length: 20 }, async (_, job) => {
      for (let turn = 0; turn < 5; turn++) {
        await turns.next();
        taken.push({ job, iteration });
      }
    });
    await Promise.all(jobs);
    isCounting = false;
    expect(new Set(taken.map((each) => each.iteration)).size).to.equal(100);
    const inOrder = Array.from({ length: 100 }, (_, at) => at % 20);
    expect(taken.map(({ job }) => job)).to.deep.equal(inOrder);
    await turns.next();
  });

  it('gives way while a policy of few points is followed by one of many', async function () {
    this.timeout(60_000);
    const test = await startRegistry();
    const delay = monitorEventLoopDelay({ resolution: 5 });
    try {
      await registerCarts(test.registry, 16);
      const many = { algorithm: 'ring', pointsPerWeight: 65_536 } as const;
      const members = Array.from({ length: 16 }, (_, n) => ({ id: String(n), hashKey: String(n) }));
      const from = performance.now();
      buildRing(members, many, pureHashes);
      const atOnceMs = performance.now() - from;
      for (const few of [{ algorithm: 'rendezvous' }, { algorithm: 'ring', pointsPerWeight: 1 }])
        for (const policy of [few, many]) {
          delay.enable();
          await test.registry.ringPolicies.put(ringPolicyFrom('cart', policy), WRITE);
          delay.disable();
          test.registry.rings.place('cart', 'key', 1);
        }
      expect(delay.max / 1e6).to.be.below(atOnceMs / 2);
    } finally {
      await test.stop();
    }
  });

  it('builds one ring at a time that is only looked at', async function () {
    this.timeout(60_000);
    const test = await startRegistry();
    try {
      await registerCarts(test.registry, 2);
      const ended: string[] = [];
      const preview = async (name: string, pointsPerWeight: number) => {
        const policy = ringPolicyFrom('cart', { algorithm: 'ring', pointsPerWeight });
        const proposal = { add: [], remove: [], reweight: new Map<string, number>(), policy };
        await test.registry.ringMovements.preview('cart', proposal, 0);
        ended.push(name);
      };
      await Promise.all([preview('large', 65_536), preview('small', 10), preview('smaller', 1)]);
      expect(ended).to.deep.equal(['large', 'small', 'smaller']);
    } finally {
      await test.stop();
    }
  });
});
