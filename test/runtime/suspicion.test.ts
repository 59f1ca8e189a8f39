import { expect } from 'chai';
import { createLogger } from '../../src/platform/logger.ts';
import { NodeCondition } from '../../src/registry/node-condition.ts';
import { Suspicion } from '../../src/runtime/checks/suspicion.ts';

const MINUTE_MS = 60_000;

describe('suspicion', () => {
  let condition: NodeCondition;
  let aheadMs: number;
  let told: number;
  let suspicion: Suspicion;
  beforeEach(() => {
    aheadMs = 0;
    told = 0;
    const clock = { now: () => 0, monotonic: () => performance.now() + aheadMs };
    const onSuspect = () => {
      told++;
    };
    condition = new NodeCondition(clock);
    suspicion = new Suspicion({ condition, clock, logger: createLogger('silent'), onSuspect });
  });
  /** Takes in results of checks of their own, `p` or `c`; answers which of the failures are published. */
  let checked = 0;
  const take = (letters: string, fields: { checks?: number; hasOther?: boolean } = {}) =>
    Array.from(letters)
      .map((letter) => {
        const key = `check-${String(checked++ % 50)}`;
        const isAdmitted = suspicion.admits({
          key,
          isNewFailure: letter === 'c',
          checks: 50,
          hasOther: true,
          ...fields,
        });
        return letter === 'p' ? 'p' : isAdmitted ? 'c' : '-';
      })
      .join('');
  const isSuspect = () => condition.status().suspect;

  it('falls on a node most of whose checks begin to fail at once', () => {
    expect(take('pppppppppp')).to.equal('pppppppppp');
    expect(take('ccccc')).to.equal('ccccc');
    expect(isSuspect()).to.equal(false);
    expect(take('cccc')).to.equal('----');
    expect(condition.status()).to.include({
      suspect: true,
      reason: '6 of the last 10 checks began to fail at once',
    });
    expect(told).to.equal(1);
  });

  it('does not where others pass as well, nor by one check that fails again and again', () => {
    expect(take('ccppcppccpppcppc')).to.equal('ccppcppccpppcppc');
    const again = () => suspicion.admits({ key: 'one', isNewFailure: true, checks: 50, hasOther: true });
    expect(Array.from({ length: 20 }, again)).to.not.include(false);
  });

  it('does not where nobody else could look, or there are too few checks to tell', () => {
    expect(take('cccccccccc', { hasOther: false })).to.equal('cccccccccc');
    expect(take('cccccccccc', { checks: 9 })).to.equal('cccccccccc');
    expect(isSuspect()).to.equal(false);
  });

  it('does not by what was found long ago', () => {
    take('ccccc');
    aheadMs += MINUTE_MS + 1;
    expect(take('cccccp')).to.equal('cccccp');
    expect(isSuspect()).to.equal(false);
  });

  it('ends by itself; then failures count only once most checks pass', () => {
    take('cccccc');
    expect(isSuspect()).to.equal(true);
    // All are suspect, so somebody must judge.
    expect(take('c', { hasOther: false })).to.equal('c');
    aheadMs += MINUTE_MS + 1;
    expect(isSuspect()).to.equal(false);
    expect(take('cppppcp')).to.equal('-pppp-p');
    expect(take('c')).to.equal('c');
  });

  it('lasts longer each time it falls on the node again at once, up to ten minutes', () => {
    for (const minutes of [1, 2, 4, 8, 10, 10]) {
      take('cccccc');
      aheadMs += minutes * MINUTE_MS - 100;
      expect(isSuspect(), `${String(minutes)} minutes`).to.equal(true);
      aheadMs += 101;
      expect(isSuspect()).to.equal(false);
      aheadMs += MINUTE_MS;
    }
    take('pppppcccccc');
    aheadMs += MINUTE_MS + 1;
    expect(isSuspect()).to.equal(false);
  });
});
