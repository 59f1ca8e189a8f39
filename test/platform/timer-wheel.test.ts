import { expect } from 'chai';
import { systemClock } from '../../src/platform/clock.ts';
import { TimerWheel } from '../../src/platform/timer-wheel.ts';
import { eventually } from '../support/eventually.ts';
import { watchTimers } from '../support/live-timers.ts';

describe('timer wheel', () => {
  it('wakes each item after its delay and never before it', async () => {
    const startedAt = systemClock.monotonic();
    const woken: { delayMs: number; afterMs: number }[] = [];
    const wheel = new TimerWheel<number>(systemClock, (delayMs) => {
      woken.push({ delayMs, afterMs: systemClock.monotonic() - startedAt });
    });
    for (const delayMs of [300, 0, 45, 200, 1, 120]) wheel.schedule(delayMs, delayMs);
    await eventually(() => woken.length === 6, 'six wake-ups');
    expect(woken.map(({ delayMs }) => delayMs)).to.have.ordered.members([0, 1, 45, 120, 200, 300]);
    expect(woken.filter(({ delayMs, afterMs }) => afterMs < delayMs)).to.deep.equal([]);
  });

  it('wakes in time what is further away than one turn', async () => {
    let nowMs = 5;
    const woken: string[] = [];
    const wheel = new TimerWheel<string>({ now: () => 0, monotonic: () => nowMs }, (item) =>
      woken.push(item),
    );
    wheel.schedule('far', 50_000);
    wheel.schedule('near', 10_000);
    nowMs = 49_900;
    await eventually(() => woken.length > 0, 'the first wake-up');
    expect(woken).to.deep.equal(['near']);
    nowMs = 50_100;
    await eventually(() => woken.length > 1, 'the second wake-up');
    expect(woken).to.deep.equal(['near', 'far']);
  });

  it('forgets what is cancelled, and keeps the last of two schedules', async () => {
    const woken: string[] = [];
    const wheel = new TimerWheel<string>(systemClock, (item) => {
      woken.push(item);
      wheel.cancel('cancelled by the one before');
    });
    wheel.schedule('moved', 1);
    wheel.schedule('moved', 150);
    wheel.schedule('cancelled', 1);
    wheel.cancel('cancelled');
    wheel.schedule('first', 1);
    wheel.schedule('cancelled by the one before', 2);
    await eventually(() => wheel.size === 0, 'all wake-ups');
    expect(woken).to.deep.equal(['first', 'moved']);
  });

  it('has one timer, and that only while something waits', async () => {
    const timers = watchTimers(/timer-wheel\.ts/);
    const left = (count: number) => eventually(() => timers.count() === count, `${count} timers`, 2000);
    try {
      const wheel = new TimerWheel<number>(systemClock, () => undefined);
      for (let item = 0; item < 100; item++) wheel.schedule(item, 60_000);
      for (let item = 0; item < 99; item++) wheel.cancel(item);
      await left(1);
      wheel.cancel(99);
      await left(0);
      wheel.schedule(1, 60_000);
      await left(1);
      wheel.stop();
      await left(0);
      expect(wheel.size).to.equal(0);
    } finally {
      timers.stop();
    }
  });
});
