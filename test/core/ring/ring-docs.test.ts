import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import {
  buildRing,
  DEFAULT_POLICY,
  finish,
  type Member,
  type CirclePolicy,
  pureHashes,
} from '../../../src/core/ring/index.ts';
import { digestLines, digestText } from '../../../src/core/ring/digest.ts';
import { positionOf, referencePoints } from './reference.ts';

interface Point {
  readonly position: string;
  readonly member: string;
  readonly i: number;
}

interface Example {
  readonly policy: CirclePolicy;
  readonly members: readonly Member[];
  readonly size: number;
  readonly firstPoints: readonly Point[];
  readonly key: string;
  readonly hash: string;
  readonly successor: Point;
  readonly owner: string;
  readonly preferenceList: readonly string[];
  readonly digestText: string;
  readonly digest: string;
}

function readExample(): Example {
  const page = readFileSync(new URL('../../../docs/ring.md', import.meta.url), 'utf8');
  const blocks = [...page.matchAll(/^```json\n(.*?)^```$/gms)];
  expect(blocks).to.have.length(1);
  return JSON.parse(blocks[0]?.[1] ?? '') as Example;
}

describe('ring docs', () => {
  it('show an example that holds', async () => {
    const hash64 = pureHashes.xxh64;
    const example = readExample();
    const { policy, members, key } = example;
    const ring = buildRing(members, policy, hash64);
    const points = referencePoints(members, policy.pointsPerWeight, hash64);
    const shown = points.map(({ position, member, i }) => ({
      position: position.toString(16).padStart(16, '0'),
      member: member.id,
      i,
    }));
    const successor = points.findIndex(({ position }) => position >= positionOf(hash64, key));

    const actual: Example = {
      policy: DEFAULT_POLICY,
      members: ring.members,
      size: ring.size,
      firstPoints: shown.slice(0, example.firstPoints.length),
      key,
      hash: ring.hash(key),
      successor: shown[successor] ?? { position: '', member: '', i: -1 },
      owner: ring.owner(key)?.id ?? '',
      preferenceList: ring.preferenceList(key, members.length).map(({ id }) => id),
      digestText: digestText(policy, finish(digestLines(members, hash64))),
      digest: ring.digest,
    };
    expect(actual).to.deep.equal(example);
  });
});
