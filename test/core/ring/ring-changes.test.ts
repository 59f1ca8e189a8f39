import { expect } from 'chai';
import fc from 'fast-check';
import {
  buildRing,
  buildRingSteps,
  finish,
  type Hash64,
  type Hashes,
  type Member,
  movement,
  type Ring,
  type RingChange,
  type RingPolicy,
  pureHashes,
} from '../../../src/core/ring/index.ts';
import { keys, member, members, POLICIES, titleOf } from './policies.ts';

const RUNS = { numRuns: 400 };

/** Changes by what they find: which members leave, which get another weight, who comes. */
const changes = fc.array(
  fc.record({
    leave: fc.array(fc.boolean(), { maxLength: 8 }),
    reweigh: fc.array(fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined }), { maxLength: 8 }),
    come: fc.uniqueArray(member, { maxLength: 3, selector: ({ id }) => id }),
  }),
  { minLength: 1, maxLength: 4 },
);
type Plan = typeof changes extends fc.Arbitrary<(infer T)[]> ? T : never;

function changeOf(list: readonly Member[], { leave, reweigh, come }: Plan): RingChange {
  const remove = list.filter((_, i) => leave[i] === true).map(({ id }) => id);
  const reweighed = list.flatMap((one, i) => {
    const weight = reweigh[i];
    return weight === undefined || leave[i] === true ? [] : [{ ...one, weight }];
  });
  const named = new Set([...remove, ...reweighed.map(({ id }) => id)]);
  return { remove, put: [...reweighed, ...come.filter(({ id }) => !named.has(id))] };
}

/** Algorithms of ranges by which a member that changes moves no keys between others. */
function movesLeast(policy: RingPolicy): boolean {
  if (policy.algorithm === 'ketama') return policy.variant === 'libmemcached';
  return ['ring', 'nginx-consistent', 'haproxy-consistent'].includes(policy.algorithm);
}

function applied(list: readonly Member[], { remove = [], put = [] }: RingChange): Member[] {
  const replaced = new Set([...remove, ...put.map(({ id }) => id)]);
  return [...list.filter(({ id }) => !replaced.has(id)), ...put];
}

function expectEqual(one: Ring, other: Ring, some: readonly string[]): void {
  expect(one.members).to.deep.equal(other.members);
  expect(one.digest).to.equal(other.digest);
  expect(one.size).to.equal(other.size);
  expect(one.parts()).to.deep.equal(other.parts());
  for (const key of some) {
    expect(one.preferenceList(key, 99)).to.deep.equal(other.preferenceList(key, 99));
    expect(one.owner(key)).to.equal(other.owner(key));
  }
}

describe('changes of a ring', () => {
  let hashes: Hashes;
  let weak: Hashes;

  before(async () => {
    hashes = pureHashes;
    // 32 different results: points collide all the time and crowd a few buckets.
    const weakHash: Hash64 = (text, into) => {
      hashes.xxh64(text, into);
      into[0] = (into[0] ?? 0) & 0xc0000003;
      into[1] = (into[1] ?? 0) & 1;
    };
    weak = { ...hashes, xxh64: weakHash };
  });

  /** A chain of changes ends in the ring that is built of the members it leaves. */
  const endsInBuiltRing = (policy: RingPolicy, apply: (ring: Ring, change: RingChange) => Ring) =>
    fc.property(members, changes, keys, fc.boolean(), (list, plans, some, isWeak) => {
      const chosen = isWeak ? weak : hashes;
      let expected = list;
      let ring = buildRing(list, policy, chosen);
      for (const plan of plans) {
        const change = changeOf(ring.members, plan);
        expected = applied(expected, change);
        const [before, parts] = [ring, ring.parts()];
        ring = apply(ring, change);
        expectEqual(ring, buildRing(expected, policy, chosen), some);
        expect(before.parts()).to.deep.equal(parts);
      }
    });

  for (const policy of POLICIES) {
    it(`end in the ring that is built of the same members: ${titleOf(policy)}`, () => {
      fc.assert(
        endsInBuiltRing(policy, (ring, change) => ring.with(change)),
        RUNS,
      );
    });
  }

  it('end in it where the number of members or points crosses a power of two', () => {
    const some = Array.from({ length: 50 }, (_, i) => `user-${i}`);
    const all = Array.from({ length: 65 }, (_, i) => ({ id: `${i}`, hashKey: `10.0.0.${i}:80` }));
    for (const [count, pointsPerWeight] of [
      [32, 5],
      [64, 3],
      [64, 4],
      [63, 65],
      [43, 3],
    ] as const) {
      const policy = { algorithm: 'ring', pointsPerWeight } as const;
      for (const chosen of [hashes, weak]) {
        const last = all.slice(count, count + 1);
        const fewer = buildRing(all.slice(0, count), policy, chosen);
        const more = buildRing([...all.slice(0, count), ...last], policy, chosen);
        expectEqual(fewer.with({ put: last }), more, some);
        expectEqual(more.with({ remove: [`${count}`] }), fewer, some);
        const others = [...all.slice(1, count), ...last];
        expectEqual(more.with({ remove: ['0'] }), buildRing(others, policy, chosen), some);
      }
    }
  });

  it('are caught where one is left out (negative control)', () => {
    const [policy] = POLICIES;
    if (policy === undefined) throw new Error('no policy');
    const forgetful = endsInBuiltRing(policy, (ring, { put = [], remove = [] }) =>
      ring.with({ put: put.slice(1), remove }),
    );
    expect(fc.check(forgetful, RUNS).failed).to.equal(true);
  });

  for (const policy of POLICIES.filter(movesLeast)) {
    it(`move keys only from who leaves and to who comes or gains weight: ${titleOf(policy)}`, () => {
      const two = members.filter((list) => list.length > 1);
      fc.assert(
        fc.property(two, fc.nat(), fc.integer({ min: 1, max: 4 }), (list, pick, more) => {
          const target = list[pick % list.length];
          if (target === undefined) return;
          const ring = buildRing(list, policy, hashes);
          const without = ring.with({ remove: [target.id] });
          const heavier = ring.with({ put: [{ ...target, weight: (target.weight ?? 1) + more }] });
          const leaving = movement(ring, without);
          expect(leaving.flows.filter(({ from }) => from !== target.id)).to.deep.equal([]);
          expect(leaving.movedShare).to.be.closeTo(leaving.before.shares.get(target.id) ?? 0, 1e-9);
          const others = [...movement(without, ring).flows, ...movement(ring, heavier).flows];
          expect(others.filter(({ to }) => to !== target.id)).to.deep.equal([]);
        }),
        RUNS,
      );
    });
  }

  it('move keys only from who leaves and to who comes or gains weight: rendezvous', () => {
    const two = members.filter((list) => list.length > 1);
    fc.assert(
      fc.property(two, fc.nat(), fc.integer({ min: 1, max: 4 }), keys, (list, pick, more, some) => {
        const target = list[pick % list.length];
        if (target === undefined) return;
        const ring = buildRing(list, { algorithm: 'rendezvous' }, hashes);
        const without = ring.with({ remove: [target.id] });
        const heavier = ring.with({ put: [{ ...target, weight: (target.weight ?? 1) + more }] });
        for (const key of some) {
          const owner = ring.owner(key);
          if (owner !== target) expect(without.owner(key)).to.equal(owner);
          if (heavier.owner(key)?.id !== target.id) expect(heavier.owner(key)).to.equal(owner);
        }
      }),
      RUNS,
    );
  });

  it('refuse what names a member twice or none, and leave the ring as it is', () => {
    const ring = buildRing<Member>([{ id: 'a', hashKey: 'a' }], { algorithm: 'rendezvous' }, hashes);
    const a: Member = { id: 'a', hashKey: 'b' };
    expect(() => ring.with({ remove: ['b'] })).to.throw(RangeError, 'no member has the id "b"');
    expect(() => ring.with({ remove: ['a'], put: [a] })).to.throw(RangeError, 'twice');
    expect(() => ring.with({ put: [a, a] })).to.throw(RangeError, 'twice');
    expect(() => ring.with({ put: [{ ...a, weight: -1 }] })).to.throw(RangeError, 'weight of "a"');
    expect(ring.with({}).digest).to.equal(ring.digest);
    expect(ring.with({ put: [a] }).owner('x')).to.equal(a);
  });

  for (const policy of POLICIES) {
    it(`are built in slices as at once: ${titleOf(policy)}`, () => {
      const list = Array.from({ length: 50 }, (_, i) => ({ id: `${i + 1}`, hashKey: `10.0.0.${i}:80` }));
      const ring = finish(buildRingSteps(list, policy, hashes));
      expectEqual(ring, buildRing(list, policy, hashes), ['user-1']);
    });
  }

  it('finds the owners of a batch of keys as one by one', () => {
    fc.assert(
      fc.property(
        members,
        fc.array(fc.boolean()),
        keys,
        fc.constantFrom(...POLICIES),
        (list, down, some, policy) => {
          const ring = buildRing(list, policy satisfies RingPolicy, hashes);
          const isAvailable = (one: Member) => down[list.indexOf(one)] !== true;
          const owners = [...ring.owners(some)].map((index) => ring.members[index]);
          expect(owners).to.deep.equal(some.map((one) => ring.owner(one)));
          const available = [...ring.owners(some, isAvailable)].map((index) => ring.members[index]);
          expect(available).to.deep.equal(some.map((one) => ring.owner(one, isAvailable)));
        },
      ),
      RUNS,
    );
  });

  it('takes at most 10,000 keys in a batch', () => {
    const ring = buildRing([{ id: 'a', hashKey: 'a' }], { algorithm: 'jump' }, hashes);
    const batch = Array.from({ length: 10_000 }, (_, i) => `user-${i}`);
    expect(ring.owners(batch)).to.deep.equal(new Int32Array(10_000));
    expect(() => ring.owners([...batch, 'x'])).to.throw(RangeError, 'at most 10000 keys');
  });
});
