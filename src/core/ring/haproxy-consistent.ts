import { type Algorithm, checkPointCount } from './algorithm.ts';
import { fullHash, HAPROXY_HASHES } from './haproxy-hash.ts';
import { parseHostAddress } from './host-address.ts';
import { type Member, quote, weightOf } from './member.ts';
import { NearestPoint } from './nearest-point.ts';
import { positions32 } from './numbered-points.ts';
import { sortedPoints } from './points.ts';
import type { HaproxyPolicy } from './policy.ts';
import type { Pace, Steps } from './steps.ts';
import { utf8Bytes } from './utf8.ts';
import { xxh32 } from './xxh32.ts';

const POINTS_PER_WEIGHT = 16;
const MAX_HAPROXY_WEIGHT = 256;
/** Distance between the first points of two server ids before they are mixed. */
const POINTS_PER_ID = 4096;

/**
 * HAProxy's `hash-type consistent`; a key belongs to the nearest of 16 points per weight unit.
 *
 * `hashKey` id and id32 want hash keys that are HAProxy's numeric server ids, or else member ids that are; guid wants
 * them to be HAProxy's GUIDs; addr and addr-port want "a.b.c.d:port" or "[IPv6]:port". Weights are 0..256. Sources:
 * haproxy/src/lb_chash.c, src/hash.c and include/haproxy/tools.h; `id` as in every version but 3.0.0 up to the fix of
 * October 2025, addr and addr-port since 3.0, guid and id32 since 3.5-dev.
 */
export function haproxyConsistent({ hashKey, hashFunction, avalanche }: HaproxyPolicy): Algorithm {
  const hash = HAPROXY_HASHES[hashFunction];
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
      return new NearestPoint(
        yield* sortedPoints(members, (member, _, pace) => pointsOf(member, hashKey, pace)),
      );
    },
  };
}

function pointsOf(member: Member, hashKey: HaproxyPolicy['hashKey'], pace: Pace): Steps<Uint32Array> {
  const weight = weightOf(member);
  if (weight > MAX_HAPROXY_WEIGHT) {
    throw new RangeError(`weight for HAProxy must be 0..${MAX_HAPROXY_WEIGHT}, not ${weight}`);
  }
  const base = baseOf(member, hashKey);
  return positions32(weight * POINTS_PER_WEIGHT, (j) => fullHash(base + j), pace);
}

/** What the first point of a server is mixed from. */
function baseOf(member: Member, hashKey: HaproxyPolicy['hashKey']): number {
  switch (hashKey) {
    case 'id':
      return Math.imul(serverId(member, hashKey), POINTS_PER_ID);
    case 'id32':
      return fullHash(swapBytes(serverId(member, hashKey)));
    case 'guid':
      return guidBase(member.hashKey);
    case 'addr':
    case 'addr-port':
      return addressBase(member.hashKey, hashKey);
  }
}

function serverId({ hashKey, id: memberId }: Member, kind: 'id' | 'id32'): number {
  const id = isServerId(hashKey) ? hashKey : memberId;
  if (!isServerId(id)) {
    throw new RangeError(`hash key ${kind} needs ids of 1..2147483647, not ${quote(id)}`);
  }
  return Number(id);
}

function isServerId(text: string): boolean {
  return /^[1-9]\d{0,9}$/.test(text) && Number(text) <= 0x7fffffff;
}

function guidBase(guid: string): number {
  if (!/^[\w:.-]{1,127}$/.test(guid)) {
    throw new RangeError(`guid needs 1 to 127 letters, digits or any of "-_:.", not ${quote(guid)}`);
  }
  return xxh32(utf8Bytes(guid), 0);
}

function addressBase(hashKey: string, kind: 'addr' | 'addr-port'): number {
  const address = parseHostAddress(hashKey);
  if (address === undefined) {
    throw new RangeError(`${kind} needs "address:port" or "[IPv6]:port", not ${quote(hashKey)}`);
  }
  const { bytes, port } = address;
  const ofPort = kind === 'addr' ? 0 : fullHash(port);
  if (bytes.length === 16) return xxh32(bytes, ofPort);
  // HAProxy takes the bytes in network order for an integer of a little-endian machine.
  return fullHash(ofPort + bytes.reduceRight((sum, octet) => (sum << 8) | octet, 0));
}

function swapBytes(value: number): number {
  return (value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24);
}
