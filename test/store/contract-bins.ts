import { expect } from 'chai';
import { MAX_BINS, type BinAnswer, type BinRequest } from '../../src/core/index.ts';
import type { Store } from '../../src/store/store.ts';
import type { Subject } from './contract.ts';
import { codeOf, eventually } from './harness.ts';

const LONG_MS = 60_000;

/** A request whose bins have equal shares, scaled by 1.25, unless told otherwise. */
function wish(lease: string, names: string, fields: Partial<BinRequest> = {}): BinRequest {
  const bins = names.split(' ').map((name) => ({ name, share: 125 }));
  return { pool: 'p', lease, ttlMs: LONG_MS, bins, divisor: 100 * bins.length, ...fields };
}

/** Takes places until the answer is `full`; what each bin then holds. */
async function fill(
  store: Store,
  request: (lease: string) => BinRequest,
  count: number,
): Promise<BinAnswer[]> {
  const answers: BinAnswer[] = [];
  for (let i = 0; i < count; i += 1) answers.push(await store.acquire(request(`l${i}`)));
  return answers;
}

function binOf(answer: BinAnswer): string {
  return answer.outcome === 'full' ? 'full' : answer.bin;
}

/** Sweeps until a pool that nobody else uses holds this many leases. */
function untilLoad(store: Store, poolLoad: number): Promise<BinAnswer> {
  return eventually(
    async () => {
      await store.sweep({ sweeper: 'a', limit: 10 });
      return store.acquire(wish('none', '', { bins: [], divisor: 1 }));
    },
    (answer) => answer.poolLoad === poolLoad,
  );
}

export function describeBins(subject: Subject): void {
  describe('leases of bins', () => {
    it('take the first bin that is below its cap', async () => {
      const store = await subject.adopted();
      const answers = await fill(store, (lease) => wish(lease, 'a b c d'), 8);
      // The cap is 1.25 * (load + 1) / 4, rounded up: 1 1 1 2 2 2 3 3.
      expect(answers.map(binOf).join('')).to.equal('abcabcab');
      expect(answers[6]).to.deep.equal({ outcome: 'acquired', bin: 'a', load: 3, poolLoad: 7, cap: 3 });
    });

    it('share by weight, and a bin of share 0 gets nothing', async () => {
      const store = await subject.adopted();
      const bins = [
        { name: 'none', share: 0 },
        { name: 'light', share: 100 },
        { name: 'heavy', share: 300 },
      ];
      const answers = await fill(store, (lease) => wish(lease, '', { bins, divisor: 400 }), 40);
      const count = (bin: string) => answers.filter((answer) => binOf(answer) === bin).length;
      expect([count('none'), count('light'), count('heavy')]).to.deep.equal([0, 10, 30]);
    });

    it('are refused where no bin has room, and then change nothing', async () => {
      const store = await subject.adopted();
      const request = (lease: string) => wish(lease, 'a', { divisor: 400 });
      expect((await store.acquire(request('l'))).outcome).to.equal('acquired');
      expect(await store.acquire(request('m'))).to.deep.equal({ outcome: 'full', poolLoad: 1 });
      expect(await store.release('p', 'm')).to.equal(false);
    });

    it('are counted once however often they are asked for', async () => {
      const store = await subject.adopted();
      const answers = await Promise.all(Array.from({ length: 20 }, () => store.acquire(wish('l', 'a b'))));
      expect(answers.filter(({ outcome }) => outcome === 'acquired')).to.have.length(1);
      expect(answers.filter(({ outcome }) => outcome === 'renewed')).to.have.length(19);
      expect(await store.acquire(wish('l', 'b'))).to.deep.equal({
        outcome: 'renewed',
        bin: 'a',
        load: 1,
        poolLoad: 1,
      });
    });

    it('are released once', async () => {
      const store = await subject.adopted();
      await fill(store, (lease) => wish(lease, 'a b'), 3);
      const released = await Promise.all(Array.from({ length: 10 }, () => store.release('p', 'l1')));
      expect(released.filter((each) => each)).to.have.length(1);
      expect(await store.release('p', 'unknown')).to.equal(false);
      expect(await store.release('q', 'l0')).to.equal(false);
      expect((await untilLoad(store, 2)).poolLoad).to.equal(2);
      expect(await store.acquire(wish('l1', 'a'))).to.include({ outcome: 'acquired', load: 2, poolLoad: 3 });
    });

    it('keep the loads of pools apart', async () => {
      const store = await subject.adopted();
      await fill(store, (lease) => wish(lease, 'a b'), 5);
      const other = await store.acquire(wish('l0', 'a b', { pool: 'q' }));
      expect(other).to.deep.equal({ outcome: 'acquired', bin: 'a', load: 1, poolLoad: 1, cap: 1 });
    });

    it('end when their time is up, and not before while they are renewed', async () => {
      const store = await subject.adopted();
      await store.sweep({ sweeper: 'a', limit: 10 });
      await store.acquire(wish('short', 'a', { ttlMs: 100 }));
      await store.acquire(wish('renewed', 'a', { ttlMs: 100 }));
      await store.acquire(wish('renewed', '', { bins: [] }));
      await untilLoad(store, 1);
      expect(await store.acquire(wish('short', '', { bins: [] }))).to.deep.equal({
        outcome: 'full',
        poolLoad: 1,
      });
      expect(await store.release('p', 'short')).to.equal(false);
      expect(await store.release('p', 'renewed')).to.equal(true);
    });

    it('are not cut short by a renewal', async () => {
      const store = await subject.adopted();
      const { nowMs } = await store.sweep({ sweeper: 'a', limit: 10 });
      await store.acquire(wish('l', 'a'));
      await store.acquire(wish('l', 'a', { ttlMs: 1 }));
      await eventually(
        () => store.sweep({ sweeper: 'a', limit: 10 }),
        (sweep) => sweep.nowMs > nowMs + 50,
      );
      expect((await untilLoad(store, 1)).poolLoad).to.equal(1);
    });

    it('leave a bin that is declined', async () => {
      const store = await subject.adopted();
      await store.acquire(wish('l', 'a b'));
      expect(await store.acquire(wish('l', 'b', { declined: 'other' }))).to.include({ bin: 'a' });
      const moved = await store.acquire(wish('l', 'b c', { declined: 'a' }));
      expect(moved).to.deep.equal({ outcome: 'acquired', bin: 'b', load: 1, poolLoad: 1, cap: 1 });
    });

    it('look at a bounded number of bins', async () => {
      const store = await subject.adopted();
      const bins = Array.from({ length: MAX_BINS + 1 }, (_, i) => ({
        name: `b${i}`,
        share: i === MAX_BINS ? 1 : 0,
      }));
      expect((await store.acquire(wish('l', '', { bins, divisor: 1 }))).outcome).to.equal('full');
    });

    it('never put more into a bin than its cap, whoever asks at once', async () => {
      const store = await subject.adopted();
      const requests = Array.from({ length: 300 }, (_, i) => wish(`l${i}`, i % 2 ? 'a b c' : 'b a c'));
      const answers = await Promise.all(requests.map((request) => store.acquire(request)));
      const taken = answers.flatMap((answer) => (answer.outcome === 'acquired' ? [answer] : []));
      expect(taken).to.have.length(300);
      expect(new Set(taken.map(({ poolLoad }) => poolLoad)).size).to.equal(300);
      for (const { load, cap, poolLoad } of taken) {
        expect(cap).to.equal(Math.ceil((125 * poolLoad) / 300));
        expect(load).to.be.at.most(cap);
      }
    });

    it('survive a restart and a crash', async () => {
      const harness = await subject.raw();
      await harness.store.adopt(0);
      await fill(harness.store, (lease) => wish(lease, 'a b\u00fc c'), 5);
      await harness.store.release('p', 'l0');
      const held = (store: Store) =>
        Promise.all(['l0', 'l1', 'l4'].map((lease) => store.acquire(wish(lease, '', { bins: [] }))));
      const before = await held(harness.store);
      expect(before.map(({ outcome }) => outcome)).to.deep.equal(['full', 'renewed', 'renewed']);
      const again = await harness.reopen();
      await again.adopt(0);
      expect(await held(again)).to.deep.equal(before);
      const crashed = await harness.crash();
      await crashed.adopt(0);
      expect(await held(crashed)).to.deep.equal(before);
    });

    it('are refused before the store is adopted', async () => {
      const { store } = await subject.raw();
      expect(await codeOf(store.acquire(wish('l', 'a')))).to.equal('epoch_changed');
      expect(await codeOf(store.release('p', 'l'))).to.equal('epoch_changed');
    });
  });
}
