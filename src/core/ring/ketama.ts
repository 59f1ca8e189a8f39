import { type Algorithm, checkPointCount } from './algorithm.ts';
import type { Hashes } from './hashes.ts';
import type { Hash64 } from './hash64.ts';
import { type Member, weightOf } from './member.ts';
import { positions32 } from './numbered-points.ts';
import { changeOnCircle, placeOnCircle } from './placed-circle.ts';
import type { Pace, Steps } from './steps.ts';
import { utf8Bytes } from './utf8.ts';

const POINTS_PER_MD5 = 4;
/** MD5 digests per server of average weight. */
const DIGESTS = 40;
const UNWEIGHTED_POINTS = 100;

/** The number of MD5 digests for a server of `weight`, of `count` that weigh `total`. */
type DigestCount = (weight: number, total: number, count: number) => number;

/**
 * Ketama of libketama: four points per MD5 of "server-k", about 160 per server of average weight.
 *
 * Source: Richard Jones, libketama (ketama.c, 2007). Sums are rounded to single precision as there.
 */
export function libketama(hashes: Hashes): Algorithm {
  return weightedKetama(
    hashes,
    (server) => server,
    (weight, total, count) => Math.floor(Math.fround(Math.fround(weight / total) * DIGESTS * count)),
  );
}

/**
 * Ketama of twemproxy with `hash: md5`, and of libmemcached's `MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED`.
 *
 * The port 11211 is left out of the server's text. Source: twemproxy/src/hashkit/nc_ketama.c.
 */
export function twemproxyKetama(hashes: Hashes): Algorithm {
  return weightedKetama(hashes, withoutDefaultPort, (weight, total, count) => {
    const share = Math.fround(Math.fround(weight / total) * DIGESTS * POINTS_PER_MD5);
    const product = Math.fround(Math.fround(share / POINTS_PER_MD5) * count);
    return Math.floor(Math.fround(product + 1e-10));
  });
}

/**
 * libmemcached's `MEMCACHED_BEHAVIOR_KETAMA` alone: 100 points per server, weights unheard except 0.
 *
 * Source: libmemcached/hosts.cc; the hash is Bob Jenkins's one-at-a-time (Dr. Dobb's, 1997).
 */
export function libmemcachedKetama(): Algorithm {
  return {
    keyHash: (key, into) => {
      into[0] = oneAtATime(utf8Bytes(key));
      into[1] = 0;
    },
    keyHashName: 'one-at-a-time',
    // Every server has its points whoever else is there.
    skipEqualsRebuild: true,
    place: (members) => {
      checkPointCount(members.length * UNWEIGHTED_POINTS);
      return placeOnCircle(members, unweightedPoints);
    },
    change: (placement, change) => {
      checkPointCount(change.after.length * UNWEIGHTED_POINTS);
      return changeOnCircle(placement, change, unweightedPoints);
    },
  };
}

function unweightedPoints(member: Member, _index: number, pace: Pace): Steps<Uint32Array> {
  const server = withoutDefaultPort(member.hashKey);
  const count = weightOf(member) === 0 ? 0 : UNWEIGHTED_POINTS;
  return positions32(count, (k) => oneAtATime(utf8Bytes(`${server}-${k}`)), pace);
}

function weightedKetama(
  { md5 }: Hashes,
  serverText: (hashKey: string) => string,
  digestCount: DigestCount,
): Algorithm {
  const words = new Uint32Array(POINTS_PER_MD5);
  const keyHash: Hash64 = (key, into) => {
    md5(key, words);
    into[0] = words[0] ?? 0;
    into[1] = 0;
  };
  return {
    keyHash,
    keyHashName: 'md5',
    // The number of a server's points depends on how many there are and what they weigh.
    skipEqualsRebuild: false,
    place: (members) => {
      const counts = digestCounts(members, digestCount);
      checkPointCount(counts.reduce((sum, count) => sum + count * POINTS_PER_MD5, 0));
      // Not the words of keys, which are hashed between two slices.
      const ofServers = new Uint32Array(POINTS_PER_MD5);
      return placeOnCircle(members, (member, index, pace) => {
        const server = serverText(member.hashKey);
        const pointOf = (point: number) => {
          const word = point % POINTS_PER_MD5;
          if (word === 0) md5(`${server}-${point / POINTS_PER_MD5}`, ofServers);
          return ofServers[word] ?? 0;
        };
        return positions32((counts[index] ?? 0) * POINTS_PER_MD5, pointOf, pace);
      });
    },
  };
}

function digestCounts(members: readonly Member[], digestCount: DigestCount): number[] {
  const live = members.map(weightOf).filter((weight) => weight > 0);
  const total = live.reduce((sum, weight) => sum + weight, 0);
  return members.map((member) => {
    const weight = weightOf(member);
    return weight === 0 ? 0 : digestCount(weight, total, live.length);
  });
}

function withoutDefaultPort(hashKey: string): string {
  return hashKey.replace(/:11211$/, '');
}

function oneAtATime(bytes: Uint8Array): number {
  let hash = 0;
  for (const byte of bytes) {
    hash = (hash + byte) | 0;
    hash = (hash + (hash << 10)) | 0;
    hash ^= hash >>> 6;
  }
  hash = (hash + (hash << 3)) | 0;
  hash ^= hash >>> 11;
  return (hash + (hash << 15)) >>> 0;
}
