import { expect } from 'chai';
import { SWEEP_CLAMP_MS, type Store, type Sweep } from '../../src/store/store.ts';
import type { Subject } from './contract.ts';
import { apply, eventually, expectConflict, pause, txn } from './harness.ts';

const LONG_MS = 60_000;

function due(lease: string): { readonly kind: 'lease-due'; readonly lease: string } {
  return { kind: 'lease-due', lease };
}

async function grant(store: Store, lease: string, ttlMs: number): Promise<void> {
  await apply(store, { grants: [{ lease, ttlMs }] });
}

function sweep(store: Store, limit = 100): Promise<Sweep> {
  return store.sweep({ sweeper: 'a', limit });
}

/** Sweeps often enough for the clock to run with the time, until these leases are due. */
function sweepUntilDue(store: Store, ...leases: readonly string[]): Promise<Sweep> {
  return eventually(
    () => sweep(store),
    (result) => leases.every((lease) => result.due.includes(lease)),
  );
}

/** Sweeps until the lease clock has moved by `ms`. */
async function sweepFor(store: Store, ms: number): Promise<Sweep> {
  const { nowMs } = await sweep(store);
  return eventually(
    () => sweep(store),
    (result) => result.nowMs >= nowMs + ms,
  );
}

export function describeLeases(subject: Subject): void {
  describe('leases', () => {
    it('are not due before their time, nor when unknown', async () => {
      const store = await subject.adopted();
      await grant(store, 'l', LONG_MS);
      await expectConflict(store.commit(txn({ compares: [due('l')] })), due('l'));
      await expectConflict(store.commit(txn({ compares: [due('unknown')] })), due('unknown'));
      expect((await sweepFor(store, 100)).due).to.deep.equal([]);
    });

    it('are due after it, and end when revoked', async () => {
      const store = await subject.adopted();
      await grant(store, 'l', 80);
      await sweepUntilDue(store, 'l');
      await apply(store, { compares: [due('l')], revokes: ['l', 'unknown'] });
      expect((await sweep(store)).due).to.deep.equal([]);
      expect(await store.renew([{ lease: 'l', ttlMs: LONG_MS }])).to.deep.equal([false]);
      await expectConflict(store.commit(txn({ compares: [due('l')] })), due('l'));
    });

    it('stay due until somebody acts on them', async () => {
      const store = await subject.adopted();
      await grant(store, 'l', 50);
      await sweepUntilDue(store, 'l');
      expect((await sweep(store)).due).to.deep.equal(['l']);
      await apply(store, { compares: [due('l')], grants: [{ lease: 'l', ttlMs: LONG_MS }] });
      expect((await sweep(store)).due).to.deep.equal([]);
    });

    it('are saved by a renewal that comes before the commit', async () => {
      const store = await subject.adopted();
      await grant(store, 'l', 50);
      await sweepUntilDue(store, 'l');
      expect(await store.renew([{ lease: 'l', ttlMs: LONG_MS }])).to.deep.equal([true]);
      await expectConflict(store.commit(txn({ compares: [due('l')], revokes: ['l'] })), due('l'));
      expect((await sweep(store)).due).to.deep.equal([]);
    });

    it('are expired by one of many who try', async () => {
      const store = await subject.adopted();
      await grant(store, 'l', 50);
      await sweepUntilDue(store, 'l');
      const expire = () => store.commit(txn({ compares: [due('l')], revokes: ['l'] }));
      const results = await Promise.all(Array.from({ length: 20 }, expire));
      expect(results.filter(({ outcome }) => outcome === 'applied')).to.have.length(1);
    });

    it('renew one by one and in order, without making any', async () => {
      const store = await subject.adopted();
      await apply(store, { grants: ['a', 'b', 'b'].map((lease) => ({ lease, ttlMs: LONG_MS })) });
      const names = ['x', 'a', 'y', 'b', 'a'];
      const renewals = names.map((lease) => ({ lease, ttlMs: 1000 }));
      expect(await store.renew(renewals)).to.deep.equal([false, true, false, true, true]);
      expect(await store.renew(renewals)).to.deep.equal([false, true, false, true, true]);
      expect(await store.renew([])).to.deep.equal([]);
    });

    it('are renewed for the time that each is given, whatever its neighbours are', async () => {
      const store = await subject.adopted();
      const ttlsMs = [LONG_MS, 1, 1, LONG_MS, LONG_MS, 1, LONG_MS];
      const renewals = ttlsMs.map((ttlMs, i) => ({ lease: `l${i}`, ttlMs }));
      await apply(store, { grants: renewals.map(({ lease }) => ({ lease, ttlMs: 1 })) });
      expect(await store.renew(renewals)).to.deep.equal(renewals.map(() => true));
      const { due } = await sweepUntilDue(store, 'l1', 'l2', 'l5');
      expect([...due].sort()).to.deep.equal(['l1', 'l2', 'l5']);
    });

    it('are either renewed or expired where both come at once', async () => {
      const store = await subject.adopted();
      const leases = Array.from({ length: 200 }, (_, index) => `l${index}`);
      await apply(store, { grants: leases.map((lease) => ({ lease, ttlMs: 1 })) });
      await eventually(
        () => sweep(store, 200),
        (result) => result.due.length === 200,
      );
      const outcomes = leases.map(async (lease, index) => {
        const expired = store.commit(txn({ compares: [due(lease)], revokes: [lease] }));
        if (index % 3 > 0) await pause(index % 10);
        const [renewed] = await store.renew([{ lease, ttlMs: LONG_MS }]);
        return { lease, expired: (await expired).outcome === 'applied', renewed };
      });
      const both = (await Promise.all(outcomes)).filter(({ expired, renewed }) => expired === renewed);
      expect(both).to.deep.equal([]);
    });

    it('are never moved back by a renewal, but are by a grant', async () => {
      const store = await subject.adopted();
      await grant(store, 'l', LONG_MS);
      await store.renew([{ lease: 'l', ttlMs: 1 }]);
      expect((await sweepFor(store, 150)).due).to.deep.equal([]);
      await grant(store, 'l', 50);
      await sweepUntilDue(store, 'l');
    });

    it('are listed oldest first, up to the limit', async () => {
      const store = await subject.adopted();
      const ttls = { third: 150, first: 50, second: 100, late: LONG_MS };
      await apply(store, { grants: Object.entries(ttls).map(([lease, ttlMs]) => ({ lease, ttlMs })) });
      await sweepUntilDue(store, 'first', 'second', 'third');
      expect((await sweep(store, 2)).due).to.deep.equal(['first', 'second']);
      expect((await sweep(store)).due).to.deep.equal(['first', 'second', 'third']);
      await store.renew([{ lease: 'first', ttlMs: 1 }]);
      expect((await sweepUntilDue(store, 'first')).due).to.deep.equal(['second', 'third', 'first']);
    });

    it('do not age while nobody sweeps', async () => {
      const store = await subject.adopted();
      await sweep(store);
      await grant(store, 'l', 100);
      await pause(300);
      await expectConflict(store.commit(txn({ compares: [due('l')] })), due('l'));
    });

    it('count from their grant or renewal, not from the sweep before it', async () => {
      const store = await subject.adopted();
      await grant(store, 'renewed', 1);
      await sweepUntilDue(store, 'renewed');
      await pause(SWEEP_CLAMP_MS / 2);
      await grant(store, 'granted', 300);
      await store.renew([{ lease: 'renewed', ttlMs: 300 }]);
      expect((await sweep(store)).due).to.deep.equal([]);
      await sweepUntilDue(store, 'granted', 'renewed');
    });

    it('age by at most the clamp over a silence, which counts as an outage', async () => {
      const store = await subject.adopted();
      const before = await sweepFor(store, 60);
      expect((await sweepFor(store, 60)).resumedAtMs).to.equal(before.resumedAtMs);
      const silent = await sweep(store);
      await pause(SWEEP_CLAMP_MS + 600);
      const after = await sweep(store);
      expect(after.nowMs - silent.nowMs).to.be.within(SWEEP_CLAMP_MS / 2, SWEEP_CLAMP_MS);
      expect(after.resumedAtMs).to.be.within(silent.nowMs, after.nowMs);
    });

    it('run on a clock that keeps pace with the time and never outruns it', async () => {
      const store = await subject.adopted();
      const begin = performance.now();
      const first = await sweep(store);
      const last = await sweepFor(store, 400);
      const elapsedMs = performance.now() - begin;
      expect(last.nowMs - first.nowMs).to.be.at.most(Math.ceil(elapsedMs) + 5);
      expect(Number.isInteger(last.nowMs)).to.equal(true);
    });

    it('have one sweeper at a time, and another when it falls silent', async () => {
      const store = await subject.adopted();
      await grant(store, 'l', 30);
      await sweepUntilDue(store, 'l');
      const b = { sweeper: 'b', limit: 10 };
      const follower = await store.sweep(b);
      expect(follower).to.include({ leader: false });
      expect(follower.due).to.deep.equal([]);
      const silentSince = performance.now();
      const leading = await sweep(store);
      expect(leading.leader).to.equal(true);
      const taken = await eventually(
        () => store.sweep(b),
        ({ leader }) => leader,
      );
      // The store's time and this process's may differ by a little.
      expect(performance.now() - silentSince).to.be.above(SWEEP_CLAMP_MS - 50);
      expect(taken.due).to.deep.equal(['l']);
      expect(taken.nowMs).to.be.at.least(leading.nowMs + SWEEP_CLAMP_MS - 50);
      // Somebody swept all the time, so nobody's heartbeats were kept out.
      expect(taken.resumedAtMs).to.equal(leading.resumedAtMs);
      expect(await sweep(store)).to.deep.include({ leader: false, due: [] });
    });

    it('resume with a new epoch', async () => {
      const store = await subject.adopted();
      const { nowMs } = await sweepFor(store, 100);
      await store.adopt((await store.revision()) + 1);
      expect((await sweep(store)).resumedAtMs).to.be.at.least(nowMs);
    });
  });
}
