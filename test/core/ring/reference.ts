import type { Hash64, Member } from '../../../src/core/ring/index.ts';

/** The hash as one integer. */
export function positionOf(hash64: Hash64, text: string): bigint {
  const halves = new Uint32Array(2);
  hash64(text, halves);
  const [high = 0, low = 0] = halves;
  return (BigInt(high) << 32n) | BigInt(low);
}

/** All points of a member list in ring order, straight from the definition in docs/ring.md. */
export function referencePoints<M extends Member>(
  members: readonly M[],
  pointsPerWeight: number,
  hash64: Hash64,
) {
  const points = members.flatMap((member) =>
    Array.from({ length: (member.weight ?? 1) * pointsPerWeight }, (_, i) => ({
      member,
      i,
      position: positionOf(hash64, `${member.hashKey}_${i}`),
    })),
  );
  return points.sort((a, b) => {
    if (a.position !== b.position) return a.position < b.position ? -1 : 1;
    return byteOrder(a.member.hashKey, b.member.hashKey) || a.i - b.i || byteOrder(a.member.id, b.member.id);
  });
}

/** Every member with points, in the order a walk from the key meets them. */
export function referenceList<M extends Member>(
  members: readonly M[],
  pointsPerWeight: number,
  hash64: Hash64,
  key: string,
): M[] {
  const points = referencePoints(members, pointsPerWeight, hash64);
  const hash = positionOf(hash64, key);
  const start = points.findIndex(({ position }) => position >= hash);
  const walk = start === -1 ? points : [...points.slice(start), ...points.slice(0, start)];
  return [...new Set(walk.map(({ member }) => member))];
}

function byteOrder(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
