import { expect } from 'chai';
import { createLogger } from '../../src/platform/logger.ts';
import { JobRunner, type Job } from '../../src/runtime/job-runner.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

const HOUR_MS = 3_600_000;

describe('jobs', () => {
  let test: TestRegistry;
  let nowMs: number;
  let runner: JobRunner;
  let runs: number;

  beforeEach(async () => {
    test = await startRegistry();
    nowMs = Date.parse('2026-03-01T10:00:00Z');
    runs = 0;
    runner = startRunner();
  });
  afterEach(async () => {
    runner.stop();
    await test.stop();
  });

  function startRunner(deadlineMs = 60_000): JobRunner {
    const clock = { now: () => nowMs, monotonic: () => nowMs };
    return new JobRunner({ registry: test.registry, clock, logger: createLogger('silent'), deadlineMs });
  }

  function job(run: Job['run'], schedule = '0 * * * *'): Job {
    return {
      name: 'chore',
      schedule,
      nextRunMs: () => nowMs + HOUR_MS,
      run: (signal) => {
        runs += 1;
        return run(signal);
      },
    };
  }
  const done = () => Promise.resolve('something');
  const hanging = () => new Promise<string>(() => undefined);
  const last = () => test.registry.jobs.lastRun('chore');

  it('that hang are given up at the deadline, and not begun again beside themselves', async () => {
    runner = startRunner(20);
    await runner.run(job(hanging));
    expect(last()).to.deep.include({ outcome: 'failed', detail: 'not done within 0.02 seconds' });
    nowMs += HOUR_MS;
    await runner.run(job(done));
    expect(runs).to.equal(1);
  });

  it('do not hold up a node that stops', async () => {
    const running = runner.run(job(hanging));
    runner.stop();
    await running;
    expect(last()).to.equal(undefined);
  });

  it('are due again where the last run was noted by a clock that was ahead', async () => {
    nowMs += 1000 * HOUR_MS;
    await runner.run(job(done));
    nowMs -= 1000 * HOUR_MS;
    await runner.run(job(done));
    expect(runs).to.equal(2);
    await runner.run(job(done));
    expect(runs).to.equal(2);
  });

  it('are due at once where their schedule is another one', async () => {
    await runner.run(job(done));
    await runner.run(job(done, '30 * * * *'));
    expect([runs, last()?.schedule]).to.deep.equal([2, '30 * * * *']);
  });

  it('that fail are tried again after 1, 2, 4 and more minutes, at most an hour', async () => {
    const failing = job(() => Promise.reject(new Error('no')), '0 0 1 1 *');
    const rare = { ...failing, nextRunMs: () => nowMs + 1000 * HOUR_MS };
    const waits: number[] = [];
    for (let i = 0; i < 9; i++) {
      await runner.run(rare);
      const waitMs = Date.parse(last()?.nextRunAt ?? '') - nowMs;
      waits.push(waitMs / 60_000);
      nowMs += waitMs;
    }
    expect(waits).to.deep.equal([1, 2, 4, 8, 16, 32, 60, 60, 60]);
    expect(last()).to.deep.include({ failures: 9, detail: 'no' });
  });

  it('with nothing to do write nothing after their first run', async () => {
    const idle: Job = { name: 'chore', schedule: '* * * * *', run: () => Promise.resolve('') };
    await runner.run(idle);
    const { revision } = test.registry.state;
    await runner.run(idle);
    expect(test.registry.state.revision).to.equal(revision);
  });
});
