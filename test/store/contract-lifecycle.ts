import { expect } from 'chai';
import type { Store } from '../../src/store/store.ts';
import { StoreError } from '../../src/store/store.ts';
import type { Subject } from './contract.ts';
import {
  apply,
  at,
  codeOf,
  drain,
  eventually,
  expectConflict,
  pause,
  picture,
  plainRecords,
  put,
  txn,
} from './harness.ts';

/** Every verb, as a call that ends. */
function verbs(store: Store): Record<string, () => Promise<unknown>> {
  const signal = AbortSignal.timeout(5000);
  return {
    adopt: () => store.adopt(0),
    commit: () => store.commit(txn({ puts: [put('late')] })),
    revision: () => store.revision(),
    barrier: () => store.barrier(),
    snapshot: async () => (await store.snapshot(signal)).items[Symbol.asyncIterator]().next(),
    follow: () => store.follow(0, signal)[Symbol.asyncIterator]().next(),
    renew: () => store.renew([{ lease: 'l', ttlMs: 1000 }]),
    sweep: () => store.sweep({ sweeper: 'a', limit: 1 }),
    compact: () => store.compact(0),
    acquire: () => store.acquire({ pool: 'p', lease: 'l', ttlMs: 1000, bins: [], divisor: 1 }),
    release: () => store.release('p', 'l'),
  };
}

export function describeLifecycle(subject: Subject): void {
  describe('lifecycle', () => {
    it('tells by every barrier of what was acknowledged before it', async () => {
      const store = await subject.adopted();
      for (let round = 0; round < 5; round++) {
        const revision = await apply(store, { puts: [put(`r${round}`)] });
        const barriers = await Promise.all([store.barrier(), store.barrier()]);
        expect(Math.min(...barriers), `round ${round}`).to.be.at.least(revision);
      }
    });

    it('keeps records, topics, leases and the revision over a restart', async () => {
      const harness = await subject.raw();
      const { store } = harness;
      await store.adopt(0);
      await apply(store, { puts: [put('a'), put('b')], touches: ['t'] });
      await apply(store, { grants: ['kept', 'ended'].map((lease) => ({ lease, ttlMs: 60_000 })) });
      const last = await apply(store, {
        deletes: [{ table: 'kv', key: 'b' }],
        revokes: ['ended'],
        touches: ['u'],
      });
      const before = await picture(store);

      const again = await harness.reopen();
      const adoption = await again.adopt(last);
      expect(adoption).to.include({ lost: 0, fresh: false });
      expect(adoption.revision).to.be.at.least(last);
      const after = await picture(again);
      expect(plainRecords(after)).to.deep.equal(plainRecords(before));
      expect(Object.fromEntries(after.topics)).to.deep.equal(Object.fromEntries(before.topics));
      const renewals = ['kept', 'ended'].map((lease) => ({ lease, ttlMs: 60_000 }));
      expect(await again.renew(renewals)).to.deep.equal([true, false]);
      const stale = { kind: 'topic', topic: 'u', revision: last - 1 } as const;
      await expectConflict(again.commit(txn({ compares: [at('a', 0)] })), at('a', 0));
      await expectConflict(again.commit(txn({ compares: [stale] })), stale);
      expect(await apply(again, { compares: [at('b', 0)] })).to.equal(adoption.revision + 1);
    });

    it('expires nobody over a restart', async () => {
      const harness = await subject.raw();
      await harness.store.adopt(0);
      await harness.store.sweep({ sweeper: 'a', limit: 10 });
      await apply(harness.store, { grants: [{ lease: 'l', ttlMs: 2000 }] });
      await pause(2200);
      const again = await harness.reopen();
      await again.adopt(0);
      // A silence is clamped to 1 s, half of the TTL.
      expect((await again.sweep({ sweeper: 'b', limit: 10 })).due).to.deep.equal([]);
      expect(await again.renew([{ lease: 'l', ttlMs: 2000 }])).to.deep.equal([true]);
    });

    it('keeps the epoch and the compaction over a restart', async () => {
      const harness = await subject.raw();
      await harness.store.adopt(0);
      const before = await apply(harness.store, {});
      const { revision, epoch } = await harness.store.adopt(before + 1);
      await apply(harness.store, { touches: ['t'] });
      await harness.store.compact(revision + 1);
      const again = await harness.reopen();
      const adoption = await again.adopt(revision + 1);
      expect(adoption.epoch).to.be.at.least(epoch);
      expect(adoption.lost).to.equal(0);
      expect((await picture(again)).topics.size).to.equal(0);
      const stale = { kind: 'topic', topic: 't', revision } as const;
      await expectConflict(again.commit(txn({ compares: [stale] })), stale);
    });

    it('loses no acknowledged commit when killed', async () => {
      const harness = await subject.raw();
      const { store } = harness;
      await store.adopt(0);
      const acknowledged = new Map<string, number>();
      let running = true;
      const writer = async (lane: number): Promise<void> => {
        for (let step = 0; running; step += 1) {
          const key = `${lane}/${step}`;
          acknowledged.set(key, await apply(store, { puts: [put(key)], touches: [key] }));
        }
      };
      const writers = [0, 1, 2, 3].map((lane) => writer(lane).catch((error: unknown) => error));
      await eventually(
        async () => acknowledged.size,
        (count) => count >= 60,
      );
      const promised = new Map(acknowledged);
      const again = await harness.crash();
      running = false;
      await Promise.all(writers);

      const witnessed = Math.max(...promised.values());
      expect(await again.adopt(witnessed)).to.include({ lost: 0, fresh: false });
      const { records, topics } = await picture(again);
      for (const [key, revision] of promised) {
        expect(records.get(`kv/${key}`)?.modifyRevision, key).to.equal(revision);
        expect(topics.get(key), key).to.equal(revision);
      }
      await apply(again, { puts: [put('after')] });
    });

    it('settles or rejects open calls when closed, and keeps what it acknowledged', async () => {
      const harness = await subject.raw();
      const { store } = harness;
      await store.adopt(0);
      const base = await apply(store, { puts: [put('first')] });
      const follower = codeOf(drain(store.follow(base, AbortSignal.timeout(8000))));
      await pause(30);
      const commits = Array.from({ length: 3000 }, (_, index) =>
        apply(store, { puts: [put(`k${index}`)] }).then(
          (revision) => ({ key: `kv/k${index}`, revision }),
          (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
        ),
      );
      const begin = performance.now();
      await store.close();
      const settled = await Promise.all(commits);
      expect(await follower).to.equal('closed');
      expect(performance.now() - begin).to.be.below(6000);
      const again = await harness.reopen();
      await again.adopt(0);
      const { records } = await picture(again);
      const refused = ['closed', 'unknown_outcome', 'unavailable', 'overloaded'];
      for (const result of settled) {
        if (result instanceof StoreError) expect(result.code).to.be.oneOf(refused);
        else if (result instanceof Error) throw result;
        else expect(records.get(result.key)?.modifyRevision, result.key).to.equal(result.revision);
      }
    });

    it('rejects every verb with closed once it is closed', async () => {
      const { store } = await subject.raw();
      await store.adopt(0);
      await store.close();
      await store.close();
      for (const [verb, call] of Object.entries(verbs(store))) {
        expect(await codeOf(call()), verb).to.equal('closed');
      }
      expect(store.status().available).to.equal(false);
    });

    it('says that it is available while it is', async () => {
      const store = await subject.adopted();
      await store.revision();
      expect(store.status().available).to.equal(true);
      expect(store.status().silentMs).to.be.within(0, 2000);
    });
  });
}
