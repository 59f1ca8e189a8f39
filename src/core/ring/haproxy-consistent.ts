import { type Algorithm, checkPointCount } from './algorithm.ts';
import { crc32 } from './crc32.ts';
import { type Member, weightOf } from './member.ts';
import { NearestPoint } from './nearest-point.ts';
import { positions32 } from './placed-circle.ts';
import { sortedPoints } from './points.ts';
import type { HaproxyPolicy } from './policy.ts';
import { utf8Bytes } from './utf8.ts';

const POINTS_PER_WEIGHT = 16;
const MAX_HAPROXY_WEIGHT = 256;
/** Distance between the first points of two server ids before they are mixed. */
const POINTS_PER_ID = 4096;

const KEY_HASHES = { sdbm, djb2, crc32 };

/**
 * HAProxy's `hash-type consistent`; a key belongs to the nearest of 16 points per weight unit.
 *
 * `hashKey` id wants hash keys that are HAProxy's numeric server ids, or else member ids that are; addr and addr-port
 * want hash keys of the form a.b.c.d:port. Weights are 0..256. Sources: haproxy/src/lb_chash.c and include/haproxy/tools.h; `id` as in
 * every version but 3.0.0 up to the fix of October 2025, the other two since 3.0.
 */
export function haproxyConsistent({ hashKey, hashFunction, avalanche }: HaproxyPolicy): Algorithm {
  const hash = KEY_HASHES[hashFunction];
  return {
    keyHash: (key, into) => {
      const plain = hash(utf8Bytes(key));
      into[0] = avalanche ? fullHash(plain) : plain;
      into[1] = 0;
    },
    keyHashName: avalanche ? `${hashFunction} avalanche` : hashFunction,
    // The nearest point left need not be the next one on a walk.
    skipEqualsRebuild: false,
    *place(members) {
      checkPointCount(members.reduce((sum, member) => sum + weightOf(member) * POINTS_PER_WEIGHT, 0));
      return new NearestPoint(yield* sortedPoints(members, (member) => pointsOf(member, hashKey)));
    },
  };
}

function pointsOf(member: Member, hashKey: HaproxyPolicy['hashKey']): Uint32Array {
  const weight = weightOf(member);
  if (weight > MAX_HAPROXY_WEIGHT) {
    throw new RangeError(`weight for HAProxy must be 0..${MAX_HAPROXY_WEIGHT}, not ${weight}`);
  }
  const base = hashKey === 'id' ? idBase(member) : addressBase(member.hashKey, hashKey);
  return positions32(weight * POINTS_PER_WEIGHT, (j) => fullHash(base + j));
}

function idBase({ hashKey, id: memberId }: Member): number {
  const id = isServerId(hashKey) ? hashKey : memberId;
  if (!isServerId(id)) {
    throw new RangeError(`hash key id needs ids of 1..2147483647, not ${JSON.stringify(id.slice(0, 100))}`);
  }
  return Math.imul(Number(id), POINTS_PER_ID);
}

function isServerId(text: string): boolean {
  return /^[1-9]\d{0,9}$/.test(text) && Number(text) <= 0x7fffffff;
}

function addressBase(hashKey: string, kind: 'addr' | 'addr-port'): number {
  const [address = '', port = '', ...rest] = hashKey.split(':');
  const octets = address.split('.');
  const isAddress = octets.length === 4 && octets.every((octet) => isDecimal(octet, 255));
  if (!isAddress || !isDecimal(port, 65_535) || rest.length > 0) {
    throw new RangeError(`${kind} needs IPv4 "address:port", not ${JSON.stringify(hashKey.slice(0, 100))}`);
  }
  // HAProxy takes the bytes in network order for an integer of a little-endian machine.
  const value = octets.reduceRight((sum, octet) => (sum << 8) | Number(octet), 0);
  return kind === 'addr' ? fullHash(value) : fullHash(fullHash(Number(port)) + value);
}

function isDecimal(text: string, max: number): boolean {
  return /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= max;
}

/** Bob Jenkins's integer hash of six shifts, then a multiplication. */
function fullHash(value: number): number {
  let a = value | 0;
  a = (a + 0x7ed55d16 + (a << 12)) | 0;
  a = a ^ 0xc761c23c ^ (a >>> 19);
  a = (a + 0x165667b1 + (a << 5)) | 0;
  a = ((a + 0xd3a2646c) ^ (a << 9)) | 0;
  a = (a + 0xfd7046c5 + (a << 3)) | 0;
  a = a ^ 0xb55a4f09 ^ (a >>> 16);
  return Math.imul(a, 3221225473) >>> 0;
}

function sdbm(bytes: Uint8Array): number {
  return bytes.reduce((hash, byte) => (byte + (hash << 6) + (hash << 16) - hash) >>> 0, 0);
}

function djb2(bytes: Uint8Array): number {
  return bytes.reduce((hash, byte) => ((hash << 5) + hash + byte) >>> 0, 5381);
}
