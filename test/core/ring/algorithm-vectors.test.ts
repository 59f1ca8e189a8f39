import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { buildRing, type Hashes, type RingPolicy, pureHashes } from '../../../src/core/ring/index.ts';
import { jumpBucket } from '../../../src/core/ring/jump.ts';

interface Fixture {
  readonly keys: { readonly ascii: string; readonly utf8: string };
  readonly sets: readonly {
    readonly program: string;
    readonly title: string;
    readonly policy: RingPolicy;
    readonly keys: 'ascii' | 'utf8';
    /** "name weight" or "name weight down", joined by a comma. */
    readonly servers: string;
    /** Where the id of a server decides its place. */
    readonly ids?: string;
    readonly size?: number;
    readonly owner: string;
  }[];
  /** Buckets of 200 keys by number of buckets. */
  readonly jump: Readonly<Record<string, string>>;
}

const file = new URL('../../fixtures/ring/algorithms.json.gz', import.meta.url);
const fixture = JSON.parse(gunzipSync(readFileSync(file)).toString()) as Fixture;

describe('placement of other programs', () => {
  let hashes: Hashes;

  before(async () => {
    hashes = pureHashes;
  });

  for (const set of fixture.sets) {
    it(`places as ${set.program}: ${set.policy.algorithm}, ${set.title}`, () => {
      const ids = set.ids?.split(' ');
      const members = set.servers.split(', ').map((server, index) => {
        const [hashKey = '', weight, state] = server.split(' ');
        return {
          id: ids?.[index] ?? `member-${index}`,
          hashKey,
          weight: Number(weight),
          isUp: state !== 'down',
        };
      });
      const ring = buildRing(members, set.policy, hashes);
      if (set.size !== undefined) expect(ring.size).to.equal(set.size);
      const keys = fixture.keys[set.keys].split(' ');
      const owners = set.owner.split(' ').map((index) => members[Number(index)]?.id);
      expect(keys.length).to.equal(owners.length).and.to.be.at.least(100);
      const differences = keys.filter(
        (key, index) => ring.owner(key, ({ isUp }) => isUp)?.id !== owners[index],
      );
      expect(differences).to.deep.equal([]);
    });
  }

  for (const [buckets, expected] of Object.entries(fixture.jump)) {
    it(`jumps as go-jump into ${buckets} buckets`, () => {
      const found = expected.split(' ').map((_, index) => {
        const key = BigInt.asUintN(64, BigInt(index) * 0x9e3779b97f4a7c15n + BigInt(index));
        return jumpBucket(Number(key >> 32n), Number(key & 0xffffffffn), Number(buckets));
      });
      expect(found.join(' ')).to.equal(expected);
    });
  }
});
