import { expect } from 'chai';
import fc from 'fast-check';
import { buildRing, pureHashes, type Member, type RingPolicy } from '../../../src/core/ring/index.ts';
import { haproxy, hostileText, key, keys, members, POLICIES, titleOf } from './policies.ts';

const RUNS = { numRuns: 400 };

/** Algorithms that place anything but HAProxy's numbered servers and addresses. */
const OPEN_POLICIES = POLICIES.filter(({ algorithm }) => algorithm !== 'haproxy-consistent');

describe('properties of every ring algorithm', () => {
  for (const policy of POLICIES) {
    describe(titleOf(policy), () => {
      it('does not depend on the order of arrival', () => {
        const shuffled = members.chain((list) =>
          fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
        );
        fc.assert(
          fc.property(shuffled, keys, ([list, other], some) => {
            const [one, two] = [buildRing(list, policy, pureHashes), buildRing(other, policy, pureHashes)];
            expect(one.digest).to.equal(two.digest);
            for (const each of some) {
              expect(one.preferenceList(each, 8)).to.deep.equal(two.preferenceList(each, 8));
            }
          }),
          RUNS,
        );
      });

      it('gives preference lists that are distinct and stable in their prefix, of members with weight', () => {
        fc.assert(
          fc.property(members, fc.nat(9), keys, (list, count, some) => {
            const ring = buildRing(list, policy, pureHashes);
            for (const each of some) {
              const whole = ring.preferenceList(each, list.length);
              expect(new Set(whole).size).to.equal(whole.length);
              expect(whole.some(({ weight }) => weight === 0)).to.equal(false);
              expect(ring.preferenceList(each, count)).to.deep.equal(whole.slice(0, count));
              expect(ring.preferenceListAt(ring.hash(each), count)).to.deep.equal(whole.slice(0, count));
              expect(ring.owner(each)).to.equal(whole[0]);
              expect(whole.length > 0).to.equal(list.some(({ weight }) => weight !== 0));
            }
          }),
          RUNS,
        );
      });

      it('places keys among available members as a ring of these alone', () => {
        fc.assert(
          fc.property(members, fc.array(fc.boolean()), keys, (list, down, some) => {
            const available = list.filter((_, index) => down[index] !== true);
            const isAvailable = (one: Member) => available.includes(one);
            const ring = buildRing(list, policy, pureHashes);
            const rebuilt = buildRing(available, policy, pureHashes);
            for (const each of some) {
              expect(ring.owner(each, isAvailable)).to.equal(rebuilt.owner(each));
              const expected = rebuilt.preferenceList(each, list.length);
              expect(ring.preferenceList(each, list.length, isAvailable)).to.deep.equal(expected);
            }
          }),
          RUNS,
        );
      });
    });
  }

  it('takes hash keys and keys of any content', () => {
    const odd = fc.uniqueArray(hostileText, {
      maxLength: 5,
      selector: (text) => Buffer.from(text).toString(),
    });
    fc.assert(
      fc.property(fc.constantFrom(...OPEN_POLICIES), odd, key, (policy, texts, one) => {
        const list = texts.map((text) => ({ id: text, hashKey: text }));
        const ring = buildRing(list, policy, pureHashes);
        expect(ring.owner(one) === undefined).to.equal(list.length === 0);
        expect(ring.owner(Buffer.from(one).toString())).to.equal(ring.owner(one));
      }),
      RUNS,
    );
    for (const policy of POLICIES) {
      const ring = buildRing([{ id: '1', hashKey: '10.0.0.1:80' }], policy, pureHashes);
      expect(ring.owner('x'.repeat(65_536))?.id, policy.algorithm).to.equal('1');
    }
  });

  for (const policy of shareTested()) {
    it(`shares keys by weight: ${policy.algorithm}`, () => {
      const weights = [20, 40, 60, 80];
      const list = weights.map((weight, i) => ({ id: String(i + 1), hashKey: `10.0.0.${i}:80`, weight }));
      const ring = buildRing(list, policy, pureHashes);
      const counts = weights.map(() => 0);
      for (let i = 0; i < 20_000; i++) {
        const index = Number(ring.owner(`user-${i}`)?.id) - 1;
        counts[index] = (counts[index] ?? 0) + 1;
      }
      counts.forEach((count, index) => {
        expect(count / 20_000).to.be.closeTo((weights[index] ?? 0) / 200, 0.06);
      });
    });
  }

  it('never lets a member of a bounded ring own more than its cap', () => {
    const policy = fc.record({
      algorithm: fc.constant('bounded-ring' as const),
      pointsPerWeight: fc.integer({ min: 1, max: 5 }),
      partitions: fc.integer({ min: 1, max: 128 }),
      maxLoadPercent: fc.integer({ min: 100, max: 200 }),
    });
    fc.assert(
      fc.property(members, policy, (list, chosen) => {
        const ring = buildRing(list, chosen, pureHashes);
        const total = list.reduce((sum, { weight = 1 }) => sum + weight, 0);
        const owned = new Map<string | undefined, number>();
        for (let partition = 0; partition < chosen.partitions; partition++) {
          const high = Math.ceil((partition * 2 ** 32) / chosen.partitions);
          const [owner] = ring.preferenceListAt(`${high.toString(16).padStart(8, '0')}00000000`, 1);
          expect(owner === undefined).to.equal(total === 0);
          owned.set(owner?.id, (owned.get(owner?.id) ?? 0) + 1);
        }
        for (const { id, weight = 1 } of list) {
          const share = BigInt(weight) * BigInt(chosen.partitions) * BigInt(chosen.maxLoadPercent);
          const divisor = BigInt(Math.max(total, 1)) * 100n;
          expect(owned.get(id) ?? 0).to.be.at.most(Number((share + divisor - 1n) / divisor));
        }
      }),
      RUNS,
    );
  });

  it('refuses parameters and members that an algorithm cannot take', () => {
    const refused: [policy: string, message: RegExp][] = [
      ['{"algorithm":"maglev","tableSize":100}', /tableSize must be a prime/],
      ['{"algorithm":"maglev"}', /tableSize must be an integer from 2 to 5000011/],
      ['{"algorithm":"jump","shards":1}', /jump has no parameter "shards"/],
      ['{"algorithm":"constructor"}', /unknown ring algorithm "constructor"/],
      ['{"algorithm":"ketama","variant":"x"}', /variant must be one of libketama, libmemcached/],
      ['{"algorithm":"grpc-ring-hash","minRingSize":9,"maxRingSize":8}', /must not exceed/],
    ];
    for (const [policy, message] of refused) {
      expect(() => buildRing([], JSON.parse(policy) as RingPolicy, pureHashes)).to.throw(RangeError, message);
    }
    const named = [{ id: 'cart-1', hashKey: 'cart:80' }];
    for (const hashKey of ['id', 'addr', 'addr-port'] as const) {
      expect(() => buildRing(named, { ...haproxy, hashKey }, pureHashes)).to.throw(RangeError, /needs/);
    }
    const heavy = [{ id: '1', hashKey: '10.0.0.1:80', weight: 65_535 }];
    expect(() => buildRing(heavy, { algorithm: 'nginx-consistent' }, pureHashes)).to.throw(
      RangeError,
      /points/,
    );
    expect(() => buildRing(heavy, { ...haproxy, hashKey: 'addr' }, pureHashes)).to.throw(
      RangeError,
      /0\.\.256/,
    );
  });
});

function shareTested(): RingPolicy[] {
  return [
    { algorithm: 'bounded-ring', pointsPerWeight: 16, partitions: 1009, maxLoadPercent: 125 },
    { algorithm: 'maglev', tableSize: 65_537 },
    { algorithm: 'rendezvous' },
    {
      algorithm: 'envoy-ring-hash',
      minimumRingSize: 4096,
      maximumRingSize: 2 ** 23,
      hashFunction: 'xxhash64',
    },
    { algorithm: 'grpc-ring-hash', minRingSize: 4096, maxRingSize: 4096 },
    { algorithm: 'nginx-consistent' },
    { algorithm: 'ketama', variant: 'libketama' },
    { algorithm: 'twemproxy-ketama' },
    { ...haproxy, hashKey: 'addr-port' },
  ];
}
