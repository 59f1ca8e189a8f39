import { expect } from 'chai';
import { ringPolicyFrom } from '../../src/core/index.ts';
import { EventLoopTurns } from '../../src/registry/event-loop-turns.ts';
import { registerCarts } from '../support/ring-instances.ts';
import { startRegistry } from '../support/registry.ts';

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
