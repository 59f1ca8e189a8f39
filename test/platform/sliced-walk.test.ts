import { expect } from 'chai';
import { SlicedWalk } from '../../src/platform/sliced-walk.ts';

/** Each look at it takes a millisecond. */
function slowClock() {
  let now = 0;
  return { now: () => now, monotonic: () => now++ };
}
const numbers = Array.from({ length: 100 }, (_, i) => i);

describe('a walk in slices', () => {
  it('visits all in order, the first slice at once, and leaves turns between slices', async () => {
    const visited: number[] = [];
    let turns = 0;
    const walking = new SlicedWalk(slowClock()).begin(numbers, (n) => visited.push(n));
    expect(visited.length).to.be.within(1, 10);
    let isOver = false;
    const turn = () => {
      turns++;
      if (!isOver) setImmediate(turn);
    };
    setImmediate(turn);
    expect(await walking).to.equal(true);
    isOver = true;
    expect(visited).to.deep.equal(numbers);
    expect(turns).to.be.greaterThan(0);
  });

  it('ends where another begins, and where it is ended', async () => {
    const walk = new SlicedWalk(slowClock());
    const visited: string[] = [];
    const walking = ['first', 'second', 'third'].map((name) => walk.begin(numbers, () => visited.push(name)));
    const before = visited.length;
    walk.end();
    expect(await Promise.all(walking)).to.deep.equal([false, false, false]);
    expect(visited).to.have.length(before).and.to.include('third');
  });
});
