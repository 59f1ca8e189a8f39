import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { buildRing, type Hash64, pureHashes } from '../../../src/core/ring/index.ts';
import { referencePoints } from './reference.ts';

interface Fixture {
  readonly keys: { readonly ascii: string; readonly utf8: string };
  readonly sets: readonly {
    readonly title: string;
    readonly program: string;
    readonly pointsPerWeight: number;
    readonly size: number;
    readonly keys: 'ascii' | 'utf8';
    readonly servers: string;
    readonly firstPoints?: string;
    readonly owner: string;
  }[];
}

const file = new URL('../../fixtures/ring/ring-hash.json', import.meta.url);
const fixture = JSON.parse(readFileSync(file, 'utf8')) as Fixture;

describe('ring vectors', () => {
  let hash64: Hash64;

  before(async () => {
    hash64 = pureHashes.xxh64;
  });

  for (const set of fixture.sets) {
    const { pointsPerWeight } = set;
    const members = set.servers.split(', ').map((server, index) => {
      const [hashKey = '', weight] = server.split(' ');
      return { id: `member-${index}`, hashKey, weight: Number(weight) };
    });

    it(`places as ${set.program}: ${set.title}`, () => {
      const ring = buildRing(members, { algorithm: 'ring', pointsPerWeight }, hash64);
      expect(ring.size).to.equal(set.size);
      const keys = fixture.keys[set.keys].split(' ');
      const owners = set.owner.split(' ');
      expect(keys.length).to.equal(owners.length).and.to.be.at.least(100);
      const differences = keys.filter(
        (key, index) => ring.owner(key)?.id !== `member-${owners[index] ?? ''}`,
      );
      expect(differences).to.deep.equal([]);
    });

    if (set.firstPoints === undefined) continue;
    const expected = set.firstPoints;
    it(`has the points of ${set.program}: ${set.title}`, () => {
      const points = referencePoints(members, pointsPerWeight, hash64).slice(0, expected.split(', ').length);
      const shown = points.map(
        ({ position, member }) => `${position.toString(16).padStart(16, '0')} ${members.indexOf(member)}`,
      );
      expect(shown.join(', ')).to.equal(expected);
    });
  }
});
