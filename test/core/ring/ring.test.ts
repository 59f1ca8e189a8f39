import { expect } from 'chai';
import {
  buildRing,
  DEFAULT_POLICY,
  type Hash64,
  MAX_POINTS,
  type Member,
  type CirclePolicy,
  pureHashes,
} from '../../../src/core/ring/index.ts';

const a: Member = { id: 'a', hashKey: '10.0.0.1:8080', weight: 1 };
const b: Member = { id: 'b', hashKey: '10.0.0.2:8080', weight: 1 };
const c: Member = { id: 'c', hashKey: '10.0.0.3:8080', weight: 2 };
const keys = Array.from({ length: 500 }, (_, i) => `user-${i}`);

describe('ring', () => {
  let hash64: Hash64;
  const build = (members: readonly Member[], policy: CirclePolicy = DEFAULT_POLICY) =>
    buildRing(members, policy, hash64);
  const ids = (members: readonly Member[]) => members.map(({ id }) => id);

  before(async () => {
    hash64 = pureHashes.xxh64;
  });

  it('answers nothing when no member has weight', () => {
    for (const members of [
      [],
      [
        { ...a, weight: 0 },
        { ...b, weight: 0 },
      ],
    ]) {
      const ring = build(members);
      expect(ring.size).to.equal(0);
      expect(ring.owner('user-1')).to.equal(undefined);
      expect(ring.preferenceList('user-1', 3)).to.deep.equal([]);
      expect(ring.hash('')).to.equal('ef46db3751d8e999');
      expect(ring.digest).to.match(/^[0-9a-f]{16}$/);
    }
  });

  it('gives everything to a single member', () => {
    const ring = build([a, { ...b, weight: 0 }]);
    for (const key of keys) expect(ring.preferenceList(key, 9)).to.deep.equal([a]);
  });

  it('answers the very objects it was given, and lists them in byte order of the hash key', () => {
    const ring = build([c, b, a]);
    expect(ring.members).to.deep.equal([a, b, c]);
    expect(ring.members).to.be.frozen;
    expect(ring.members).to.include(ring.owner('user-1'));
    expect(ring.size).to.equal(4 * 256);
    // U+FF61 is EF BD A1 and U+1F600 is F0 9F 98 80, although its first UTF-16 unit is the smaller one.
    const odd = ['\u{1f600}', '\uff61', 'b\0', 'b', '', 'b\u{1f600}', 'b\uff61'];
    const sorted = build(odd.map((hashKey, index) => ({ id: `${index}`, hashKey }))).members;
    expect(sorted.map(({ hashKey }) => hashKey)).to.deep.equal([
      '',
      'b',
      'b\0',
      'b\uff61',
      'b\u{1f600}',
      '\uff61',
      '\u{1f600}',
    ]);
  });

  it('prefers the smaller id where two members share a hash key', () => {
    const twin: Member = { id: 'a2', hashKey: a.hashKey };
    const ring = build([twin, c, b, a]);
    for (const key of keys) {
      expect(ring.owner(key)).to.equal(build([a, b, c]).owner(key));
      const list = ids(ring.preferenceList(key, 4));
      expect(list.indexOf('a2')).to.equal(list.indexOf('a') + 1);
      expect(ring.owner(key, ({ id }) => id !== 'a')?.id).to.equal(build([twin, b, c]).owner(key)?.id);
    }
  });

  it('lets the heavier of two members with one hash key own what only it has points for', () => {
    const heavy: Member = { id: 'z', hashKey: a.hashKey, weight: 3 };
    const ring = build([a, heavy]);
    const owners = new Set(keys.map((key) => ring.owner(key)?.id));
    expect(owners).to.deep.equal(new Set(['a', 'z']));
  });

  it('asks about each member at most once for a list, and ends when all are refused', () => {
    const ring = build([a, b, c]);
    const asked: string[] = [];
    expect(
      ring.preferenceList('user-1', 2, ({ id }) => {
        asked.push(id);
        return false;
      }),
    ).to.deep.equal([]);
    expect(asked.sort()).to.deep.equal(['a', 'b', 'c']);
    expect(ring.owner('user-1', () => false)).to.equal(undefined);
  });

  it('takes keys of any content and length', () => {
    const ring = build([a, b, c]);
    for (const key of ['', '\0', '\ud800', 'x'.repeat(65_536), 'é'.repeat(65_536)]) {
      expect(ring.members).to.include(ring.owner(key));
    }
    expect(ring.hash('a\ud800')).to.equal(ring.hash('a\udfff'));
  });

  it('has a digest that tells every change apart', () => {
    const policy: CirclePolicy = { algorithm: 'ring', pointsPerWeight: 128 };
    const digests = [
      build([a, b]),
      build([a, b, c]),
      build([a, b], policy),
      build([a, { ...b, weight: 2 }]),
      build([a, { ...b, weight: 0 }]),
      build([a, { ...b, id: 'b2' }]),
      build([a, { ...b, hashKey: '10.0.0.2:8081' }]),
      build([
        { ...a, id: b.id },
        { ...b, id: a.id },
      ]),
      build([{ id: `a ${b.hashKey} b`, hashKey: a.hashKey }]),
    ].map(({ digest }) => digest);
    expect(new Set(digests).size).to.equal(digests.length);
    expect(build([b, { id: a.id, hashKey: a.hashKey }]).digest).to.equal(build([a, b]).digest);
  });

  it('refuses a policy, weight, id or count that is wrong', () => {
    for (const pointsPerWeight of [0, -1, 1.5, NaN, 65_537]) {
      expect(() => build([a], { algorithm: 'ring', pointsPerWeight })).to.throw(
        RangeError,
        'pointsPerWeight',
      );
    }
    const stored = JSON.parse('{"algorithm":"rings","pointsPerWeight":1}') as CirclePolicy;
    expect(() => build([a], stored)).to.throw(RangeError, 'unknown ring algorithm "rings"');
    for (const weight of [-1, 0.5, NaN, 65_536]) {
      expect(() => build([{ ...a, weight }])).to.throw(RangeError, 'weight of "a" must be an integer');
    }
    expect(() => build([a, { ...b, id: 'a' }])).to.throw(RangeError, 'id "a" occurs twice');
    const surrogates = ['\ud800', '\udfff'].map((id) => ({ ...a, id }));
    expect(() => build(surrogates)).to.throw(RangeError, 'occurs twice');
    for (const count of [-1, 1.5, NaN, Infinity]) {
      expect(() => build([a]).preferenceList('user-1', count)).to.throw(RangeError, 'count');
    }
  });

  it('halves the points of a ring that would have too many, but leaves everybody one', () => {
    let state = 1;
    // Only the number of points matters here, so a quick sequence stands in for the hash.
    const quick: Hash64 = (_, into) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      into[0] = state;
      into[1] = 0;
    };
    const members = [{ ...a, weight: 65_535 }, { ...b, weight: 65_535 }, c];
    expect(buildRing(members, DEFAULT_POLICY, quick).size).to.equal((2 * 65_535 * 256) / 8 + (2 * 256) / 8);
    expect(MAX_POINTS).to.equal(2 ** 22);
    const heavy = Array.from({ length: 65 }, (_, n) => ({ id: `${n}`, hashKey: `${n}`, weight: 65_535 }));
    const policy: CirclePolicy = { algorithm: 'ring', pointsPerWeight: 1 };
    expect(buildRing([...heavy, a], policy, quick).size).to.equal(65 * 32_767 + 1);
  });
});
