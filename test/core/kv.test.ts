import { expect } from 'chai';
import {
  decideKvDelete,
  decideKvDeleteTree,
  decideKvPut,
  isEmpty,
  kvKeysQuery,
  kvPrefixQuery,
  kvQuery,
  topics,
} from '../../src/core/index.ts';
import { PureCatalog } from '../support/pure-catalog.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

function put(catalog: PureCatalog, key: string, text: string, expectedRevision?: number): boolean {
  const base = { key, value: bytes(text), flags: '0' };
  return catalog.commit(
    decideKvPut(catalog.state, expectedRevision === undefined ? base : { ...base, expectedRevision }),
  );
}

describe('configuration keys', () => {
  it('writes under a condition: 0 only creates, another value must be the revision', () => {
    const catalog = new PureCatalog();
    expect(put(catalog, 'a', '1', 7)).to.equal(false);
    expect(put(catalog, 'a', '1', 0)).to.equal(true);
    expect(put(catalog, 'a', '2', 0)).to.equal(false);
    expect(put(catalog, 'a', '2', 1)).to.equal(true);
    expect(catalog.state.kv.get('a')).to.include({ createRevision: 1, modifyRevision: 2 });
  });

  it('moves no index for an equal value', () => {
    const catalog = new PureCatalog();
    put(catalog, 'a', '1');
    expect(isEmpty(decideKvPut(catalog.state, { key: 'a', value: bytes('1'), flags: '0' }).draft)).to.equal(
      true,
    );
    expect(isEmpty(decideKvPut(catalog.state, { key: 'a', value: bytes('1'), flags: '1' }).draft)).to.equal(
      false,
    );
  });

  it('Compat(consul): deleting an absent key succeeds whatever the condition, and a condition of 0 never holds for a key that exists', () => {
    const catalog = new PureCatalog();
    expect(catalog.commit(decideKvDelete(catalog.state, 'a', 9))).to.equal(true);
    put(catalog, 'a', '1');
    expect(catalog.commit(decideKvDelete(catalog.state, 'a', 0))).to.equal(false);
    expect(catalog.commit(decideKvDelete(catalog.state, 'a', 1))).to.equal(true);
    expect(catalog.state.kv.size).to.equal(0);
  });

  it('never takes the index of a prefix back when keys under it go', () => {
    const catalog = new PureCatalog();
    put(catalog, 'p/a', '1');
    put(catalog, 'p/b', '1');
    put(catalog, 'q', '1');
    const query = kvPrefixQuery('p/');
    expect(query.index(catalog.state)).to.equal(2);
    catalog.commit(decideKvDelete(catalog.state, 'p/b'));
    expect(query.index(catalog.state)).to.equal(4);
    put(catalog, 'p/b', '1');
    expect(catalog.state.tombstones.size).to.equal(0);
    expect(query.index(catalog.state)).to.equal(5);
  });

  it('removes a tree and relies on nothing new having come under it', () => {
    const catalog = new PureCatalog();
    for (const key of ['p/a', 'p/b/c', 'pq', 'q']) put(catalog, key, '1');
    const decision = decideKvDeleteTree(catalog.state, 'p/');
    expect(decision.draft.compares).to.deep.include({
      kind: 'topic',
      topic: topics.kvSegment('p/'),
      revision: 4,
    });
    catalog.commit(decision);
    expect([...catalog.state.kv.withPrefix('')].map(([key]) => key)).to.deep.equal(['pq', 'q']);
  });

  it('lists keys cut at the separator behind the prefix', () => {
    const catalog = new PureCatalog();
    for (const key of ['p/a', 'p/b/c', 'p/b/d', 'p/e']) put(catalog, key, '1');
    expect(kvKeysQuery('p/', '/').run(catalog.state)).to.deep.equal(['p/a', 'p/b/', 'p/e']);
    expect(kvKeysQuery('p/', '').run(catalog.state)).to.deep.equal(['p/a', 'p/b/c', 'p/b/d', 'p/e']);
  });

  it('answers an absent key with the index of the last change of any key', () => {
    const catalog = new PureCatalog();
    put(catalog, 'a', '1');
    expect(kvQuery('zzz').run(catalog.state)).to.equal(undefined);
    expect(kvQuery('zzz').index(catalog.state)).to.equal(1);
  });
});
