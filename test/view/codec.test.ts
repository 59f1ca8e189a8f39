import { expect } from 'chai';
import type { Instance, StoredRecord } from '../../src/core/index.ts';
import { decodeRecord, encodeValue } from '../../src/view/codec.ts';
import { aCheck, anInstance } from '../support/pure-catalog.ts';

function stored(value: Instance): StoredRecord {
  const bytes = encodeValue({ table: 'instance', value });
  return { table: 'instance', key: `n1\0${value.id}`, value: bytes, createRevision: 1, modifyRevision: 2 };
}
const decoded = (value: Instance) => decodeRecord(stored(value)).value as unknown as Instance;

describe('records of the view', () => {
  it('are what was encoded, with their revisions, and cannot be changed', () => {
    const instance = anInstance('n1', 'web', { tags: ['a'], meta: { zone: 'z' } });
    expect(decoded(instance)).to.deep.equal({ ...instance, createRevision: 1, modifyRevision: 2 });
    expect(decoded(instance)).to.satisfy(Object.isFrozen);
    expect(decoded(instance).meta).to.satisfy(Object.isFrozen);
  });

  it('share what is equal in them, and nothing else', () => {
    const one = decoded(anInstance('n1', 'web', { id: 'web-1', tags: ['a', 'b'], meta: { zone: 'z' } }));
    const two = decoded(anInstance('n1', 'web', { id: 'web-2', tags: ['a', 'b'], meta: { zone: 'y' } }));
    expect(two.tags).to.equal(one.tags);
    expect(two.weights).to.equal(one.weights);
    expect(two.meta).to.deep.equal({ zone: 'y' });
  });

  it('keep the order of what is the same in another order', () => {
    const one = decoded(anInstance('n1', 'web', { meta: { a: '1', b: '2' } }));
    const two = decoded(anInstance('n1', 'web', { meta: { b: '2', a: '1' } }));
    expect(Object.keys(one.meta ?? {})).to.deep.equal(['a', 'b']);
    expect(Object.keys(two.meta ?? {})).to.deep.equal(['b', 'a']);
  });

  it('stay right when more has been seen than is remembered', () => {
    for (let i = 0; i < 120_000; i++) {
      const { meta } = decoded(anInstance('n1', 'web', { meta: { i: String(i) } }));
      if (meta?.['i'] !== String(i)) throw new Error(`${i} became ${String(meta?.['i'])}`);
    }
  });

  it('of a check share how it gets its status', () => {
    const source = { kind: 'ttl', ttlMs: 10_000 } as const;
    const [one, two] = ['a', 'b'].map((id) => {
      const value = encodeValue({ table: 'check', value: aCheck('n1', id, { source }) });
      return decodeRecord({ table: 'check', key: id, value, createRevision: 1, modifyRevision: 1 }).value;
    });
    expect(one).to.have.deep.property('source', source);
    expect((two as { source?: unknown }).source).to.equal((one as { source?: unknown }).source);
  });
});
