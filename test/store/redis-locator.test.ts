import { expect } from 'chai';
import { placeOf, type Sighting } from '../../src/store/redis/locator.ts';

const at = (port: number) => ({ host: 'h', port });

function sighting(
  primary: number,
  epoch: number,
  replicas: readonly number[],
  dead: readonly number[] = [],
): Sighting {
  const all = [...replicas, ...dead].map((port) => ({ endpoint: at(port), alive: replicas.includes(port) }));
  return { primary: at(primary), epoch, replicas: all };
}

describe('redis locator', () => {
  it('believes the highest epoch, then most', () => {
    expect(
      placeOf([sighting(1, 3, []), sighting(2, 4, []), sighting(1, 3, [])], 3, undefined)?.primary,
    ).to.deep.equal(at(2));
    expect(
      placeOf([sighting(1, 4, []), sighting(2, 4, []), sighting(2, 4, [])], 3, undefined)?.primary,
    ).to.deep.equal(at(2));
  });

  it('keeps what it knew where nobody answers', () => {
    const before = placeOf([sighting(1, 1, [2])], 1, undefined);
    expect(before).to.include({ knownReplicas: 1, liveReplicas: 1 });
    expect(placeOf([], 3, before)).to.equal(before);
    expect(placeOf([], 3, undefined)).to.equal(undefined);
  });

  it('takes a replica for dead only where most witnesses answer and all of those say so', () => {
    const live = (sightings: Sighting[]) => placeOf(sightings, 3, undefined)?.liveReplicas;
    const dead = sighting(1, 1, [2], [3]);
    expect(live([dead])).to.equal(2);
    expect(live([dead, dead])).to.equal(1);
    expect(live([dead, dead, sighting(1, 1, [2, 3])])).to.equal(2);
    expect(placeOf([dead, dead], 3, undefined)?.knownReplicas).to.equal(2);
  });

  it('never counts the primary among its replicas', () => {
    expect(placeOf([sighting(1, 1, [1, 2]), sighting(1, 1, [2])], 2, undefined)).to.include({
      knownReplicas: 1,
      liveReplicas: 1,
    });
  });
});
