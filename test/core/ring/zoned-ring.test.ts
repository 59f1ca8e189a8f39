import { expect } from 'chai';
import fc from 'fast-check';
import {
  buildRing,
  type Hashes,
  type Member,
  type Ring,
  ZonedRing,
  pureHashes,
} from '../../../src/core/ring/index.ts';
import { key, members, POLICIES, titleOf } from './policies.ts';

const RUNS = { numRuns: 400 };
const ZONES = ['north', 'south', 'west'];
const zoneOf = ({ id }: Member) => ZONES[Number(id) % ZONES.length] ?? '';

describe('preference lists over zones', () => {
  let hashes: Hashes;

  before(async () => {
    hashes = pureHashes;
  });

  for (const policy of POLICIES) {
    it(`takes the first of each zone, then the second of each: ${titleOf(policy)}`, () => {
      const options = fc.record({
        down: fc.array(fc.boolean()),
        localZone: fc.option(fc.constantFrom(...ZONES, 'nowhere'), { nil: undefined }),
      });
      fc.assert(
        fc.property(members, key, fc.nat(9), options, (list, one, count, { down, localZone }) => {
          const ring = buildRing(list, policy, hashes);
          const isAvailable = (candidate: Member) => down[list.indexOf(candidate)] !== true;
          const expected = reference(ring, one, isAvailable, localZone);
          const zones = { isAvailable, ...(localZone === undefined ? {} : { localZone }) };
          const found = new ZonedRing(ring, zoneOf);
          expect(found.preferenceList(one, count, zones)).to.deep.equal(expected.slice(0, count));
          expect(found.preferenceList({ hash: ring.hash(one) }, 99, zones)).to.deep.equal(expected);
        }),
        RUNS,
      );
    });
  }

  it('stops walking once a list is settled', () => {
    const list = Array.from({ length: 600 }, (_, i) => ({ id: `${i}`, hashKey: `10.0.${i}.1:80` }));
    const ring = buildRing(list, { algorithm: 'ring', pointsPerWeight: 16 }, hashes);
    let asked = 0;
    const found = new ZonedRing(ring, zoneOf).preferenceList('user-1', 3, {
      isAvailable: () => ++asked > 0,
    });
    expect(new Set(found.map(zoneOf)).size).to.equal(3);
    expect(found[0]).to.equal(ring.owner('user-1'));
    expect(asked).to.be.below(60);
  });

  it('refuses a count that is none', () => {
    const ring = buildRing([], { algorithm: 'jump' }, hashes);
    for (const count of [-1, 0.5, NaN]) {
      expect(() => new ZonedRing(ring, zoneOf).preferenceList('a', count)).to.throw(RangeError, 'count');
    }
  });
});

/** Straight from the definition: the whole list, sorted by rounds. */
function reference(ring: Ring, key: string, isUp: (one: Member) => boolean, local?: string): Member[] {
  const taken = new Map<string, number>();
  const ranked = ring.preferenceList(key, 99, isUp).map((member) => {
    const zone = zoneOf(member);
    taken.set(zone, (taken.get(zone) ?? 0) + 1);
    return { member, round: zone === local ? 0 : (taken.get(zone) ?? 0) };
  });
  return ranked.sort((a, b) => a.round - b.round).map(({ member }) => member);
}
