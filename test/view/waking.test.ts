import { expect } from 'chai';
import { kvQuery, serviceQuery, type State, type StateCommit } from '../../src/core/index.ts';
import { systemClock, type Clock } from '../../src/platform/clock.ts';
import { View } from '../../src/view/view.ts';
import { eventually } from '../support/eventually.ts';

const LONG_MS = 60_000;

function touching(revision: number, ...touches: string[]): StateCommit {
  return { revision, operation: 'x', touches, changes: [] };
}

/** A clock that every look at it takes a millisecond. */
function slowClock(): Clock {
  let now = 0;
  return { now: () => now, monotonic: () => ++now };
}

describe('waking those who wait for the view', () => {
  it('leaves turns to others, and passes over nobody', async () => {
    const view = new View(slowClock());
    view.apply([touching(1, 'service:web', 'service-extinct')]);
    let woken = 0;
    const settler = { settled: () => woken++ };
    for (let i = 0; i < 100; i++) view.park(serviceQuery('web'), 1, LONG_MS, settler);
    let turns = 0;
    const wokenBy: number[] = [];
    const count = () => {
      turns++;
      wokenBy.push(woken);
      if (woken < 100) setImmediate(count);
    };
    view.apply([touching(2, 'service:web', 'service-extinct')]);
    expect(woken).to.be.within(1, 10);
    // Another change while they are being woken wakes nobody twice, and keeps nobody waiting.
    view.apply([touching(3, 'service:web', 'service-extinct')]);
    count();
    await eventually(() => woken === 100, 'everybody is woken');
    expect(turns).to.be.above(9);
    wokenBy.slice(1).forEach((now, i) => expect(now - (wokenBy[i] ?? 0)).to.be.at.most(5));
    expect(view.waiters).to.equal(0);
  });

  it('has nobody wait behind the thousands of another topic', async () => {
    const view = new View(slowClock());
    view.apply([touching(1, 'service:web', 'service:db', 'service:mail')]);
    const woken: string[] = [];
    const park = (name: string) => {
      const query = {
        topics: [`service:${name}`],
        index: (state: State) => state.topic(`service:${name}`),
        run: () => 0,
      };
      view.park(query, 1, LONG_MS, { settled: () => woken.push(name) });
    };
    for (let i = 0; i < 100; i++) park('web');
    park('db');
    park('mail');
    view.apply([touching(2, 'service:db', 'service:web')]);
    view.apply([touching(3, 'service:mail')]);
    await eventually(() => woken.length === 102, 'everybody is woken');
    expect(woken.indexOf('mail')).to.be.below(10);
  });

  /** Changes topics for a second, and counts how often a reader that always comes back is answered. */
  async function flap(view: View, touches: string[], query: Parameters<View['park']>[0]) {
    let revision = 1;
    view.apply([touching(revision, ...touches)]);
    let answers = 0;
    let seen = revision;
    let isOver = false;
    const read = () => {
      wait = view.park(query, seen, LONG_MS, { settled });
    };
    const settled = () => {
      if (isOver) return;
      answers++;
      seen = query.index(view.state);
      setImmediate(read);
    };
    let wait = view.park(query, seen, LONG_MS, { settled });
    const startedAt = performance.now();
    while (performance.now() < startedAt + 1000 || revision < 200) {
      view.apply([touching(++revision, ...touches)]);
      if (revision === 2) expect(answers, 'the first change is told at once').to.equal(1);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await eventually(() => seen === revision && view.waiters === 1, 'the last change is told');
    isOver = true;
    wait.cancel();
    return { answers, changes: revision - 1, seconds: (performance.now() - startedAt) / 1000 };
  }

  it('tells changes of a service that flaps together, the first and the last of them too', async () => {
    const { answers, changes, seconds } = await flap(
      new View(systemClock),
      ['service:web', 'service-extinct'],
      serviceQuery('web'),
    );
    // Ten in each second begun at once, and one in 50 ms beside them.
    expect(answers).to.be.within(10, 10 * Math.ceil(seconds + 1) + 20 * seconds);
    expect(changes).to.be.at.least(199);
  });

  it('tells each change of a configuration key', async () => {
    const { answers, changes } = await flap(new View(systemClock), ['kv'], {
      ...kvQuery('a'),
      topics: ['kv'],
      index: (state) => state.topic('kv'),
      isAbsent: () => false,
    });
    expect(answers).to.be.above(changes / 2);
  });
});
