import { expect } from 'chai';
import fc from 'fast-check';
import {
  buildRing,
  type Hashes,
  type Member,
  type Movement,
  movement,
  movementSteps,
  type Ring,
  pureHashes,
} from '../../../src/core/ring/index.ts';
import { keys, members, POLICIES, titleOf } from './policies.ts';

const RUNS = { numRuns: 400 };
const EXACT = POLICIES.filter(({ algorithm }) => algorithm !== 'rendezvous' && algorithm !== 'jump');
const LARGEST = 2n ** 64n - 1n;

describe('movement between rings', () => {
  let hashes: Hashes;

  before(async () => {
    hashes = pureHashes;
  });

  for (const policy of EXACT) {
    it(`divides all keys into parts as lookups do: ${titleOf(policy)}`, () => {
      fc.assert(
        fc.property(members, (list) => {
          const ring = buildRing(list, policy, hashes);
          const parts = ring.parts();
          if (parts?.unit !== 'hash') return;
          let start = 0n;
          parts.high.forEach((high, index) => {
            const end = (BigInt(high) << 32n) | BigInt(parts.low[index] ?? 0);
            const owner = ring.members[parts.owner[index] ?? -1];
            if (end >= start) {
              // Positions of 32 bits have a low half of 0; what lies between them is never asked.
              for (const position of [start, end]) {
                if (policy.algorithm === 'haproxy-consistent' && (position & 0xffffffffn) !== 0n) continue;
                expect(ownerAt(ring, position)).to.equal(owner?.id);
              }
            }
            start = end + 1n;
          });
          expect(start).to.equal(LARGEST + 1n);
        }),
        RUNS,
      );
    });

    it(`says of every key where it goes: ${titleOf(policy)}`, () => {
      fc.assert(
        fc.property(members, members, keys, (list, other, some) => {
          const [old, now] = [buildRing(list, policy, hashes), buildRing(other, policy, hashes)];
          const moved = movement(old, now);
          checkSums(moved);
          if (moved.basis !== 'hash') return;
          for (const key of some) {
            const hash = old.hash(key);
            const range = moved.ranges.find(({ first, last }) => first <= hash && hash <= last);
            const [from, to] = [old.owner(key)?.id, now.owner(key)?.id];
            expect(range === undefined).to.equal(from === to);
            if (range !== undefined) expect([range.from, range.to]).to.deep.equal([from, to]);
          }
        }),
        RUNS,
      );
    });
  }

  it('counts slots of a table', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((id) => ({ id, hashKey: `10.0.0.1:${id}` }));
    if (a === undefined || b === undefined || c === undefined) throw new Error('three members');
    const policy = { algorithm: 'maglev', tableSize: 251 } as const;
    const [old, now] = [buildRing([a, b], policy, hashes), buildRing([a, b, c], policy, hashes)];
    const moved = movement(old, now);
    expect(moved.basis).to.equal('slot');
    const slots = moved.ranges.reduce((sum, { first, last }) => sum + Number(last) - Number(first) + 1, 0);
    expect(moved.movedShare).to.be.closeTo(slots / 251, 1e-9);
    expect(moved.after.shares.get('c')).to.be.closeTo(1 / 3, 0.01);
  });

  it('samples where keys draw for themselves and where they are hashed in another way', () => {
    const list = Array.from({ length: 4 }, (_, i) => ({ id: `${i}`, hashKey: `10.0.0.${i}:80` }));
    const ring = buildRing(list, { algorithm: 'ring', pointsPerWeight: 64 }, hashes);
    const draws = buildRing(list, { algorithm: 'rendezvous' }, hashes);
    const fewer = buildRing(list.slice(1), { algorithm: 'rendezvous' }, hashes);
    const nginx = buildRing(list, { algorithm: 'nginx-consistent' }, hashes);
    for (const moved of [movement(draws, fewer), movement(ring, draws), movement(ring, nginx)]) {
      expect(moved.basis).to.equal('sample');
      expect(moved.errorBound).to.be.within(0.009, 0.01);
      expect(moved.ranges).to.deep.equal([]);
      checkSums(moved);
    }
    const moved = movement(draws, fewer);
    expect(moved.movedShare).to.be.closeTo(0.25, 0.03);
    expect(moved.flows.every(({ from }) => from === '0')).to.equal(true);
  });

  it('agrees with counted keys about shares, flows and the peak', () => {
    const list: Member[] = [1, 2, 3, 2].map((weight, i) => ({
      id: `${i}`,
      hashKey: `10.0.0.${i}:80`,
      weight,
    }));
    const policy = { algorithm: 'ring', pointsPerWeight: 64 } as const;
    const [old, now] = [buildRing(list, policy, hashes), buildRing(list.slice(1), policy, hashes)];
    const { movedShare, before, flows, ranges } = movement(old, now);
    const counted = [0, 0, 0, 0];
    for (let i = 0; i < 20_000; i++) {
      const index = Number(old.owner(`user-${i}`)?.id);
      counted[index] = (counted[index] ?? 0) + 1;
    }
    counted.forEach((count, i) => expect(before.shares.get(`${i}`)).to.be.closeTo(count / 20_000, 0.012));
    expect(movedShare).to.be.closeTo(before.shares.get('0') ?? 0, 1e-9);
    expect(flows.map(({ from }) => from)).to.deep.equal(['0', '0', '0']);
    const peak = Math.max(...list.map(({ id, weight = 1 }) => ((before.shares.get(id) ?? 0) * 8) / weight));
    expect(before.peakToAverage).to.be.closeTo(peak, 1e-9);
    const few = movement(old, now, { maxRanges: 3 });
    expect(few.ranges).to.deep.equal(ranges.slice(0, 3));
    expect(few.rangesLeftOut).to.equal(ranges.length - 3);
  });

  it('moves everything to nobody when the last one leaves, and nothing between equals', () => {
    const one = buildRing([{ id: 'a', hashKey: 'a' }], { algorithm: 'rendezvous' }, hashes);
    expect(movement(one, one.with({ remove: ['a'] })).flows).to.deep.equal([
      { from: 'a', to: undefined, share: movement(one, one.with({ remove: ['a'] })).movedShare },
    ]);
    const ring = buildRing([{ id: 'a', hashKey: 'a' }], { algorithm: 'ring', pointsPerWeight: 2 }, hashes);
    const gone = movement(ring, ring.with({ remove: ['a'] }));
    expect(gone.flows).to.deep.equal([{ from: 'a', to: undefined, share: 1 }]);
    expect(gone.ranges).to.deep.equal([
      { first: '0000000000000000', last: 'ffffffffffffffff', from: 'a', to: undefined },
    ]);
    expect(gone.after.peakToAverage).to.equal(0);
    expect(movement(ring, ring)).to.include({ movedShare: 0, rangesLeftOut: 0, errorBound: 0 });
  });

  it('works in slices', () => {
    const list = Array.from({ length: 300 }, (_, i) => ({ id: `${i}`, hashKey: `10.0.${i}.1:80` }));
    const ring = buildRing(list, { algorithm: 'ring', pointsPerWeight: 256 }, hashes);
    const steps = movementSteps(ring, ring.with({ remove: ['7'] }));
    let count = 0;
    while (steps.next().done !== true) count++;
    expect(count).to.be.at.least(3);
  });
});

function ownerAt(ring: Ring, position: bigint): string | undefined {
  return ring.preferenceListAt(position.toString(16).padStart(16, '0'), 1)[0]?.id;
}

function checkSums({ movedShare, flows, before, after }: Movement): void {
  for (const { shares } of [before, after]) {
    const sum = [...shares.values()].reduce((total, share) => total + share, 0);
    expect(Math.abs(sum - Math.round(sum))).to.be.below(1e-9);
  }
  const flown = flows.reduce((sum, { share }) => sum + share, 0);
  expect(movedShare).to.be.closeTo(flown, 1e-9).and.to.be.within(0, 1);
  expect(flows.every(({ from, to }) => from !== to)).to.equal(true);
  expect([...flows].sort((a, b) => b.share - a.share)).to.deep.equal(flows);
}
