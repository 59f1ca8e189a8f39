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

  it('of another version keep what they have besides, and do not show their format', () => {
    const fields = { ...anInstance('n1', 'web'), later: 1 };
    const value = Buffer.from(JSON.stringify({ format: 2, ...fields }));
    const record = { ...stored(anInstance('n1', 'web')), value };
    expect(decodeRecord(record).value).to.deep.equal({ ...fields, createRevision: 1, modifyRevision: 2 });
  });

  it('of a key have its value for themselves, however large the reply it came in', () => {
    const pair = { key: 'a', value: Buffer.from('{"format":1}\n'), flags: '3', lockIndex: 0 };
    const bytes = encodeValue({ table: 'kv', value: pair });
    const reply = Buffer.concat([Buffer.alloc(1000), bytes, Buffer.alloc(1000)]);
    const value = reply.subarray(1000, 1000 + bytes.length);
    const read = decodeRecord({ table: 'kv', key: 'a', value, createRevision: 1, modifyRevision: 2 });
    const held = read.value as unknown as typeof pair;
    expect(held).to.deep.equal({
      ...pair,
      value: new Uint8Array(pair.value),
      createRevision: 1,
      modifyRevision: 2,
    });
    expect(held.value.buffer.byteLength).to.equal(pair.value.length);
  });
});
