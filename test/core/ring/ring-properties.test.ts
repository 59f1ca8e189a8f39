import { expect } from 'chai';
import fc from 'fast-check';
import {
  buildRing,
  DEFAULT_POLICY,
  type Hash64,
  type Member,
  movement,
  pureHashes,
} from '../../../src/core/ring/index.ts';
import { hostileText, key } from './policies.ts';
import { referenceList } from './reference.ts';

const RUNS = { numRuns: 400 };
/** The most that docs/ring.md promises of the fullest member at 256 points per weight unit. */
const PEAK_TO_AVERAGE = 1.4;

/** Any placement whatever: the ids of a key's members in order of preference. */
type Place = (members: readonly Member[], key: string) => string[];

const keys = fc.array(key, { minLength: 1, maxLength: 40 });
/** A small pool, so that some members share a hash key. */
const hashKey = fc.oneof(
  fc.nat(20).map((n) => `10.0.0.${n}:80`),
  hostileText,
);
const weight = fc.integer({ min: 0, max: 4 });
const member: fc.Arbitrary<Member> = fc.record({ id: hostileText, hashKey, weight });
/** Ids are unique as UTF-8, where all lone surrogates are one. */
const members = fc.uniqueArray(member, { maxLength: 12, selector: ({ id }) => Buffer.from(id).toString() });
const twoOrMore = members.filter((list) => list.length > 1);
const pointsPerWeight = fc.integer({ min: 1, max: 9 });

let xxh64: Hash64;

/** XXH64 with 32 different results: points collide all the time and crowd a few buckets. */
const weakHash: Hash64 = (text, into) => {
  xxh64(text, into);
  into[0] = (into[0] ?? 0) & 0xc0000003;
  into[1] = (into[1] ?? 0) & 1;
};

function ringPlace(points: number, hash64: Hash64): Place {
  return (list, one) =>
    buildRing(list, { algorithm: 'ring', pointsPerWeight: points }, hash64)
      .preferenceList(one, list.length)
      .map(({ id }) => id);
}

const place = fc
  .tuple(pointsPerWeight, fc.boolean())
  .map(([points, weak]) => ringPlace(points, weak ? weakHash : xxh64));

/** Every share depends on the number of members and on the order in which they came. */
const moduloPlace: Place = (list, one) => {
  const start = list.length === 0 ? 0 : one.length % list.length;
  return [...list.slice(start), ...list.slice(0, start)].map(({ id }) => id);
};

function orderIndependence(places: fc.Arbitrary<Place>) {
  const shuffled = members.chain((list) =>
    fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
  );
  return fc.property(places, shuffled, key, (placed, [list, other], one) => {
    expect(placed(list, one)).to.deep.equal(placed(other, one));
  });
}

/** The list of a key without the removed member is its list afterwards; read backwards, the law of adding. */
function minimalMovement(places: fc.Arbitrary<Place>) {
  return fc.property(places, twoOrMore, fc.nat(), keys, (placed, list, pick, some) => {
    const removed = list[pick % list.length];
    const rest = list.filter((one) => one !== removed);
    for (const one of some) {
      expect(placed(rest, one)).to.deep.equal(placed(list, one).filter((id) => id !== removed?.id));
    }
  });
}

describe('ring properties', () => {
  before(async () => {
    xxh64 = pureHashes.xxh64;
  });

  it('equals the plain definition, with hashes that collide too', () => {
    fc.assert(
      fc.property(members, pointsPerWeight, fc.boolean(), keys, (list, points, weak, some) => {
        const hash64 = weak ? weakHash : xxh64;
        const ring = buildRing(list, { algorithm: 'ring', pointsPerWeight: points }, hash64);
        for (const one of some) {
          const expected = referenceList(list, points, hash64, one);
          expect(ring.preferenceList(one, list.length)).to.deep.equal(expected);
          expect(ring.owner(one)).to.equal(expected[0]);
        }
      }),
      RUNS,
    );
  });

  it('does not depend on the order of arrival', () => {
    fc.assert(orderIndependence(place), RUNS);
    fc.assert(
      fc.property(members, (list) => {
        const digest = buildRing(list, DEFAULT_POLICY, xxh64).digest;
        expect(buildRing([...list].reverse(), DEFAULT_POLICY, xxh64).digest).to.equal(digest);
      }),
      RUNS,
    );
  });

  it('moves only the keys of a removed member, and keys only to an added one', () => {
    fc.assert(minimalMovement(place), RUNS);
  });

  it('rejects a placement by modulo (negative control)', () => {
    expect(fc.check(orderIndependence(fc.constant(moduloPlace)), RUNS).failed).to.equal(true);
    expect(fc.check(minimalMovement(fc.constant(moduloPlace)), RUNS).failed).to.equal(true);
  });

  it('moves keys only to a member whose weight rises', () => {
    fc.assert(
      fc.property(
        place,
        twoOrMore,
        fc.nat(),
        fc.integer({ min: 1, max: 4 }),
        keys,
        (placed, list, pick, more, some) => {
          const target = list[pick % list.length];
          const raised = list.map((one) =>
            one === target ? { ...one, weight: (one.weight ?? 1) + more } : one,
          );
          for (const one of some) {
            const [before] = placed(list, one);
            const [after] = placed(raised, one);
            if (after !== before) expect(after).to.equal(target?.id);
          }
        },
      ),
      RUNS,
    );
  });

  it('skips unavailable members exactly as a ring without them would', () => {
    fc.assert(
      fc.property(members, fc.array(fc.boolean()), fc.boolean(), keys, (list, down, weak, some) => {
        const hash64 = weak ? weakHash : xxh64;
        const policy = { algorithm: 'ring', pointsPerWeight: 5 } as const;
        const available = list.filter((_, index) => down[index] !== true);
        const isAvailable = (one: Member) => available.includes(one);
        const ring = buildRing(list, policy, hash64);
        const rebuilt = buildRing(available, policy, hash64);
        for (const one of some) {
          expect(ring.owner(one, isAvailable)).to.equal(rebuilt.owner(one));
          expect(ring.preferenceList(one, list.length, isAvailable)).to.deep.equal(
            rebuilt.preferenceList(one, list.length),
          );
        }
      }),
      RUNS,
    );
  });

  it('gives preference lists that are distinct, whole and stable in their prefix', () => {
    fc.assert(
      fc.property(members, fc.nat(15), key, (list, count, one) => {
        const ring = buildRing(list, { algorithm: 'ring', pointsPerWeight: 7 }, xxh64);
        const whole = ring.preferenceList(one, list.length);
        expect(new Set(whole).size).to.equal(whole.length);
        expect(whole.length).to.equal(list.filter((entry) => entry.weight !== 0).length);
        expect(ring.preferenceList(one, count)).to.deep.equal(whole.slice(0, count));
        expect(ring.owner(one)).to.equal(whole[0]);
      }),
      RUNS,
    );
  });

  it('keeps the share per weight within the documented bound of the average', () => {
    const subnet = fc.nat(0xffff);
    const weights = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 2, maxLength: 40 });
    fc.assert(
      fc.property(subnet, weights, (net, list) => {
        const weighted = list.map((weight, index) => {
          const hashKey = `10.${net >> 8}.${net & 255}.${index}:8080`;
          return { id: hashKey, hashKey, weight };
        });
        const ring = buildRing(weighted, DEFAULT_POLICY, xxh64);
        const { peakToAverage } = movement(ring, ring).after;
        expect(peakToAverage).to.be.within(1, PEAK_TO_AVERAGE);
      }),
      RUNS,
    );
  });
});
