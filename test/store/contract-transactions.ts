import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import type { Subject } from './contract.ts';
import { apply, at, codeOf, commitsUpTo, expectConflict, picture, plain, put, txn } from './harness.ts';

export function describeTransactions(subject: Subject): void {
  describe('transactions', () => {
    it('give each commit the next revision, and a conflict none', async () => {
      const store = await subject.adopted();
      const base = await store.revision();
      expect(await apply(store, { puts: [put('a')] })).to.equal(base + 1);
      await expectConflict(store.commit(txn({ compares: [at('a', 0)], puts: [put('a')] })), at('a', 0));
      expect(await store.revision()).to.equal(base + 1);
      expect(await store.barrier()).to.equal(base + 1);
      expect(await apply(store, {})).to.equal(base + 2);
      expect(await store.revision()).to.equal(base + 2);
    });

    it('refuse a stale revision and change nothing', async () => {
      const store = await subject.adopted();
      const first = await apply(store, { puts: [put('a', 'old')], touches: ['t'] });
      const second = await apply(store, { compares: [at('a', first)], puts: [put('a', 'new', first)] });
      const stale = txn({
        compares: [at('a', first)],
        puts: [put('a', 'lost'), put('b')],
        deletes: [{ table: 'kv', key: 'a' }],
        touches: ['t'],
        grants: [{ lease: 'l', ttlMs: 60_000 }],
      });
      await expectConflict(store.commit(stale), at('a', first));
      const { records, topics } = await picture(store);
      expect([...records.keys()]).to.deep.equal(['kv/a']);
      expect(Buffer.from(records.get('kv/a')?.value ?? []).toString()).to.equal('new');
      expect(records.get('kv/a')?.modifyRevision).to.equal(second);
      expect(topics.get('t')).to.equal(first);
      expect(await store.renew([{ lease: 'l', ttlMs: 1000 }])).to.deep.equal([false]);
    });

    it('report the first compare that does not hold', async () => {
      const store = await subject.adopted();
      const revision = await apply(store, { puts: [put('a')], touches: ['t'] });
      const late = { kind: 'topic', topic: 't', revision: revision - 1 } as const;
      await expectConflict(store.commit(txn({ compares: [at('a', revision), late, at('a', 0)] })), late);
      await expectConflict(store.commit(txn({ compares: [at('a', 0), late] })), at('a', 0));
      await expectConflict(store.commit(txn({ compares: [at('gone', revision)] })), at('gone', revision));
    });

    it('keep tables apart', async () => {
      const store = await subject.adopted();
      await apply(store, { puts: [put('a', 'kv'), { ...put('a', 'node'), table: 'node' }] });
      await apply(store, { deletes: [{ table: 'kv', key: 'a' }] });
      const { records } = await picture(store);
      expect([...records.keys()]).to.deep.equal(['node/a']);
      const compare = { kind: 'record', table: 'check', key: 'a', revision: 0 } as const;
      expect((await store.commit(txn({ compares: [compare, at('a', 0)] }))).outcome).to.equal('applied');
    });

    it('hold a topic compare until the topic is touched, and always while it never was', async () => {
      const store = await subject.adopted();
      const never = { kind: 'topic', topic: 'never', revision: 0 } as const;
      await apply(store, { compares: [never], touches: ['t'] });
      const touched = await store.revision();
      await apply(store, { compares: [never, { kind: 'topic', topic: 't', revision: touched }] });
      await apply(store, {
        compares: [{ kind: 'topic', topic: 't', revision: touched + 1 }],
        touches: ['t'],
      });
      const stale = { kind: 'topic', topic: 't', revision: touched + 1 } as const;
      await expectConflict(store.commit(txn({ compares: [stale] })), stale);
    });

    it('resolve createRevision 0 and keep any other', async () => {
      const store = await subject.adopted();
      const created = await apply(store, { puts: [put('a')] });
      const modified = await apply(store, { puts: [put('a', 'x', created)] });
      const held = (await picture(store)).records.get('kv/a');
      expect(held).to.include({ createRevision: created, modifyRevision: modified });
      const commits = await commitsUpTo(store, created - 1, modified);
      expect(commits.map((commit) => commit.puts[0]?.createRevision)).to.deep.equal([created, created]);
    });

    it('delete what is there, and what is not', async () => {
      const store = await subject.adopted();
      await apply(store, { puts: [put('a'), put('b')] });
      await apply(store, { deletes: ['a', 'c'].map((key) => ({ table: 'kv', key })) });
      expect([...(await picture(store)).records.keys()]).to.deep.equal(['kv/b']);
      await apply(store, { compares: [at('a', 0)], puts: [put('a')] });
    });

    it('group concurrent commits, each of which succeeds or fails alone', async () => {
      const store = await subject.adopted();
      const taken = await apply(store, { puts: [put('taken')] });
      const results = await Promise.all(
        Array.from({ length: 300 }, (_, index) => {
          const compares = index === 150 ? [at('taken', 0)] : [at(`k${index}`, 0)];
          return store.commit(txn({ compares, puts: [put(`k${index}`)] }));
        }),
      );
      expect(results[150]).to.deep.equal({ outcome: 'conflict', compare: at('taken', 0) });
      const revisions = results.flatMap((result) => (result.outcome === 'applied' ? [result.revision] : []));
      const expected = Array.from({ length: 299 }, (_, index) => taken + 1 + index);
      expect(revisions.sort((a, b) => a - b)).to.deep.equal(expected);
      expect(await store.revision()).to.equal(taken + 299);
      const { records } = await picture(store);
      expect(records.size).to.equal(300);
      expect(records.has('kv/k150')).to.equal(false);
    });

    it('let one of many commits on the same revision win', async () => {
      const store = await subject.adopted();
      const attempts = Array.from({ length: 100 }, (_, index) =>
        store.commit(txn({ compares: [at('lock', 0)], puts: [put('lock', `holder ${index}`)] })),
      );
      const won = (await Promise.all(attempts)).map((result) => result.outcome === 'applied');
      expect(won.filter(Boolean)).to.have.length(1);
      const { records } = await picture(store);
      const value = Buffer.from(records.get('kv/lock')?.value ?? []).toString();
      expect(value).to.equal(`holder ${won.indexOf(true)}`);
    });

    it('serialise read-modify-write loops on one record', async () => {
      const store = await subject.adopted();
      let seen = { revision: await apply(store, { puts: [put('counter', '0')] }), count: 0 };
      const increment = async (): Promise<void> => {
        for (;;) {
          const { revision, count } = seen;
          const parts = { compares: [at('counter', revision)], puts: [put('counter', String(count + 1))] };
          const result = await store.commit(txn(parts));
          if (result.outcome !== 'applied') continue;
          seen = { revision: result.revision, count: count + 1 };
          return;
        }
      };
      const worker = async (): Promise<void> => {
        for (let round = 0; round < 10; round += 1) await increment();
      };
      await Promise.all(Array.from({ length: 10 }, worker));
      const { records } = await picture(store);
      expect(Buffer.from(records.get('kv/counter')?.value ?? []).toString()).to.equal('100');
    });

    const everyByte = Uint8Array.from({ length: 256 }, (_, index) => index);
    const cases: readonly (readonly [string, string, Uint8Array])[] = [
      ['values with every byte', 'bytes', everyByte],
      ['empty values', 'empty', new Uint8Array()],
      ['values of 512 KB', 'big', randomBytes(512 * 1024)],
      ['keys with NUL', 'a\0b\0', everyByte],
      ['keys in UTF-8', 'ключ/schlüssel/鍵/🔑', everyByte],
      ['keys with the separators of paths', '/kv/../%2f/ ', everyByte],
    ];
    for (const [what, key, value] of cases) {
      it(`keep ${what}`, async () => {
        const store = await subject.adopted();
        const revision = await apply(store, { puts: [put(key, value)], touches: [key] });
        const record = {
          table: 'kv',
          key,
          value,
          createRevision: revision,
          modifyRevision: revision,
        } as const;
        const { records, topics } = await picture(store);
        expect([...records.values()].map(plain)).to.deep.equal([plain(record)]);
        expect([...topics]).to.deep.equal([[key, revision]]);
        const [commit] = await commitsUpTo(store, revision - 1, revision);
        expect(commit?.puts.map(plain)).to.deep.equal([plain(record)]);
        await apply(store, { compares: [at(key, revision)], deletes: [{ table: 'kv', key }] });
        expect((await picture(store)).records.size).to.equal(0);
      });
    }

    it('are refused before the store is adopted', async () => {
      const { store } = await subject.raw();
      expect(await codeOf(store.commit(txn({ puts: [put('a')] })))).to.equal('epoch_changed');
      await store.adopt(0);
      expect((await picture(store)).records.size).to.equal(0);
    });
  });
}
