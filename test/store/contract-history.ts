import { expect } from 'chai';
import type { Store } from '../../src/store/store.ts';
import type { Subject } from './contract.ts';
import {
  apply,
  at,
  codeOf,
  commitsUpTo,
  drain,
  eventually,
  expectConflict,
  pause,
  picture,
  plainRecords,
  put,
  replay,
  txn,
} from './harness.ts';

async function fill(store: Store, count: number): Promise<void> {
  const commits = Array.from({ length: count }, (_, index) =>
    apply(store, { puts: [put(`fill${index % 50}`)] }),
  );
  await Promise.all(commits);
}

export function describeHistory(subject: Subject): void {
  describe('history', () => {
    it('shows followers what was committed, with its operation', async () => {
      const store = await subject.adopted();
      const base = await store.revision();
      await apply(store, { puts: [put('gone')] });
      const parts = txn({ puts: [put('a')], deletes: [{ table: 'kv', key: 'gone' }], touches: ['t', 'u'] });
      await store.commit(parts);
      const [, commit] = await commitsUpTo(store, base, base + 2);
      expect(commit).to.include({ revision: base + 2, operation: parts.operation });
      expect(commit?.puts.map(({ table, key }) => `${table}/${key}`)).to.deep.equal(['kv/a']);
      expect(commit?.deletes).to.deep.equal([{ table: 'kv', key: 'gone' }]);
      expect(commit?.touches).to.deep.equal(['t', 'u']);
    });

    it('is complete and in order for every follower while commits run', async () => {
      const store = await subject.adopted();
      const base = await store.revision();
      const last = base + 400;
      const live = [commitsUpTo(store, base, last), commitsUpTo(store, base, last)];
      const late = pause(5).then(() => commitsUpTo(store, base, last));
      await fill(store, 400);
      const expected = Array.from({ length: 400 }, (_, index) => base + 1 + index);
      for (const commits of await Promise.all([...live, late, commitsUpTo(store, base + 0, last)])) {
        expect(commits.map((commit) => commit.revision)).to.deep.equal(expected);
        expect(new Set(commits.map((commit) => commit.operation)).size).to.equal(400);
      }
      const tail = await commitsUpTo(store, last - 3, last);
      expect(tail.map((commit) => commit.revision)).to.deep.equal([last - 2, last - 1, last]);
    });

    it('yields an empty batch while there is no news', async () => {
      const store = await subject.adopted();
      const begin = performance.now();
      for await (const batch of store.follow(await store.revision(), AbortSignal.timeout(8000))) {
        expect(batch).to.deep.equal([]);
        expect(performance.now() - begin).to.be.below(2900);
        return;
      }
      throw new Error('ended by itself');
    });

    it('ends a follower when its signal aborts', async () => {
      const store = await subject.adopted();
      const abort = new AbortController();
      const ended = drain(store.follow(await store.revision(), abort.signal));
      await pause(50);
      const begin = performance.now();
      abort.abort();
      await ended;
      expect(performance.now() - begin).to.be.below(2500);
      await drain(store.follow(await store.revision(), abort.signal));
    });

    it('answers a follower behind a trimmed history with gap', async () => {
      const store = await subject.adopted({ historyLength: 100 });
      const base = await store.revision();
      await fill(store, 1000);
      const code = () => codeOf(drain(store.follow(base, AbortSignal.timeout(3000))));
      expect(await code()).to.equal('gap');
      const last = await store.revision();
      expect(await commitsUpTo(store, last - 50, last)).to.have.length(50);
    });

    it('answers a follower that falls behind with gap, and never skips', async () => {
      const store = await subject.adopted({ historyLength: 100 });
      let position = await apply(store, { puts: [put('first')] });
      const follow = async (): Promise<void> => {
        for await (const batch of store.follow(position - 1, AbortSignal.timeout(10_000))) {
          for (const commit of batch) {
            if (commit.revision !== position) throw new Error(`${commit.revision} after ${position - 1}`);
            position += 1;
          }
          await fill(store, 1500);
        }
      };
      expect(await codeOf(follow())).to.equal('gap');
    });

    it('is forgotten by compaction, with topics, up to a revision', async () => {
      const store = await subject.adopted();
      const base = await store.revision();
      await apply(store, { touches: ['old', 'both'], puts: [put('kept')] });
      await fill(store, 200);
      const upTo = await store.revision();
      const after = await apply(store, { touches: ['new', 'both'] });
      await fill(store, 10);
      await store.compact(upTo);
      const last = await store.revision();
      expect(await codeOf(drain(store.follow(base, AbortSignal.timeout(3000))))).to.equal('gap');
      expect(await commitsUpTo(store, upTo, last)).to.have.length(11);
      const { records, topics, compacted } = await picture(store);
      expect(Object.fromEntries(topics)).to.deep.equal({ new: after, both: after });
      expect(compacted).to.equal(upTo);
      expect(records.has('kv/kept')).to.equal(true);
      const topic = { kind: 'topic', topic: 'old', revision: last } as const;
      await apply(store, { compares: [topic], touches: ['old'] });
    });

    it('is forgotten by compaction however many topics there are', async () => {
      const store = await subject.adopted();
      await apply(store, { touches: Array.from({ length: 12_000 }, (_, index) => `topic${index}`) });
      await store.compact(await store.revision());
      expect((await picture(store)).topics.size).to.equal(0);
    });

    it('does not let a decision older than the compaction pass for one on an untouched topic', async () => {
      const store = await subject.adopted();
      const before = await store.revision();
      await apply(store, { touches: ['t'] });
      await store.compact(await store.revision());
      const stale = { kind: 'topic', topic: 't', revision: before } as const;
      await expectConflict(store.commit(txn({ compares: [stale] })), stale);
      await apply(store, { compares: [{ ...stale, revision: await store.revision() }] });
    });

    it('makes a snapshot taken while writing exact once it is replayed', async () => {
      const store = await subject.adopted();
      const keys = Array.from({ length: 3000 }, (_, index) => `key${index}`);
      await apply(store, { puts: keys.map((key) => put(key, 'old')), touches: keys.slice(0, 500) });
      let writing = true;
      const writers = [0, 1, 2, 3].map(async (lane) => {
        for (let step = 0; writing; step += 1) {
          const key = `key${(step * 7 + lane) % keys.length}`;
          const gone = step % 3 === lane % 3;
          const change = gone
            ? { deletes: [{ table: 'kv', key } as const] }
            : { puts: [put(key, `${lane}.${step}`)] };
          await apply(store, { ...change, touches: [`key${step % 500}`] });
        }
      });
      const before = await store.revision();
      await eventually(
        () => store.revision(),
        (revision) => revision > before + 20,
      );
      const fuzzy = await picture(store);
      await eventually(
        () => store.revision(),
        (revision) => revision > fuzzy.base + 20,
      );
      writing = false;
      await Promise.all(writers);

      const last = await store.revision();
      replay(fuzzy, await commitsUpTo(store, fuzzy.base, last));
      const exact = await picture(store);
      expect(exact.base).to.equal(last);
      expect(plainRecords(fuzzy)).to.deep.equal(plainRecords(exact));
      expect(new Map([...fuzzy.topics].sort())).to.deep.equal(new Map([...exact.topics].sort()));
    });

    it('never ends an aborted snapshot as if it were whole', async () => {
      const store = await subject.adopted();
      const value = 'x'.repeat(2000);
      await apply(store, { puts: Array.from({ length: 3000 }, (_, index) => put(`key${index}`, value)) });
      const abort = new AbortController();
      const { items } = await store.snapshot(abort.signal);
      let records = 0;
      const read = async (): Promise<void> => {
        for await (const batch of items) {
          records += batch.length;
          abort.abort();
        }
      };
      const failed = await read().then(
        () => false,
        () => true,
      );
      expect(failed || records === 3000, `ended after ${records} of 3000 records`).to.equal(true);
    });

    it('opens the next epoch where the caller has seen more than the store holds', async () => {
      const store = await subject.adopted();
      const revision = await apply(store, { puts: [put('a')], grants: [{ lease: 'l', ttlMs: 60_000 }] });
      const follower = codeOf(drain(store.follow(revision, AbortSignal.timeout(8000))));
      const adoption = await store.adopt(revision + 7);
      expect(adoption).to.include({ opened: true, lost: 7, fresh: false, epoch: 1 });
      expect(adoption.revision).to.be.above(revision + 7);
      expect(await store.revision()).to.equal(adoption.revision);
      expect(await follower).to.equal('gap');
      expect(await codeOf(drain(store.follow(revision, AbortSignal.timeout(3000))))).to.equal('gap');

      const again = await store.adopt(revision + 7);
      expect(again).to.include({ opened: false, lost: 0, epoch: 1, revision: adoption.revision });
      const next = await apply(store, { compares: [at('a', revision)], puts: [put('b')] });
      expect(next).to.equal(adoption.revision + 1);
      expect(
        (await commitsUpTo(store, adoption.revision, next)).map((commit) => commit.revision),
      ).to.deep.equal([next]);
      expect(await store.renew([{ lease: 'l', ttlMs: 60_000 }])).to.deep.equal([true]);
    });

    it('applies what relies on an epoch in that epoch only', async () => {
      const store = await subject.adopted();
      const relyingOn = (epoch: number) =>
        store.commit(txn({ compares: [{ kind: 'epoch', epoch }], touches: ['t'] }));
      expect((await relyingOn(0)).outcome).to.equal('applied');
      expect((await relyingOn(1)).outcome).to.equal('conflict');
      await store.adopt((await store.revision()) + 1);
      expect(await relyingOn(0)).to.deep.equal({ outcome: 'conflict', compare: { kind: 'epoch', epoch: 0 } });
      expect((await relyingOn(1)).outcome).to.equal('applied');
    });

    it('opens one epoch for two who ask at once', async () => {
      const store = await subject.adopted();
      const revision = await apply(store, { puts: [put('a')] });
      const [first, second] = await Promise.all([store.adopt(revision + 3), store.adopt(revision + 5)]);
      expect([first.opened, second.opened].filter(Boolean)).to.have.length(1);
      expect(first.epoch).to.equal(second.epoch);
      expect(await store.revision()).to.equal(first.revision);
    });

    it('begins with epoch 0, and knows that it is fresh once', async () => {
      const { store } = await subject.raw();
      const first = await store.adopt(0);
      expect(first).to.include({ epoch: 0, fresh: true, lost: 0, opened: true });
      expect(await store.adopt(first.revision)).to.include({
        epoch: 0,
        fresh: false,
        lost: 0,
        opened: false,
      });
      expect(await apply(store, {})).to.equal(first.revision + 1);
    });

    it('never reuses an epoch that was witnessed, even in an empty store', async () => {
      const { store } = await subject.raw();
      const witnessed = 5 * 2 ** 32 + 17;
      const adoption = await store.adopt(witnessed);
      expect(adoption).to.include({ epoch: 6, opened: true, fresh: true });
      expect(adoption.lost).to.be.at.least(17);
      expect(await apply(store, {})).to.equal(adoption.revision + 1);
    });
  });
}
