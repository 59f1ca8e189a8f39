import { expect } from 'chai';
import type { Logger } from '../../src/platform/logger.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { repeat } from '../../src/runtime/repeat.ts';
import { eventually } from '../support/eventually.ts';

function recorder(): { logger: Logger; lines: string[] } {
  const lines: string[] = [];
  const write = (level: string) => (_fields: object, message: string) => lines.push(`${level} ${message}`);
  const [debug, info, warn, error] = ['debug', 'info', 'warn', 'error'].map(write);
  if (!debug || !info || !warn || !error) throw new Error('four levels');
  const logger: Logger = { debug, info, warn, error, child: () => logger };
  return { logger, lines };
}

describe('repeat', () => {
  const options = (logger: Logger, intervalMs: number) => ({
    name: 'job',
    intervalMs,
    logger,
    random: systemRandom,
  });

  it('runs at once, then at its interval, and again without a pause while there is more', async () => {
    const startedAt = performance.now();
    const at: number[] = [];
    const job = async () => at.push(performance.now() - startedAt) < 3;
    const repeating = repeat(job, options(recorder().logger, 300));
    await eventually(() => at.length === 4, 'four runs');
    await repeating.stop();
    expect((at[3] ?? 0) - (at[2] ?? 0)).to.be.at.least(298);
    expect(at[2]).to.be.below(290);
  });

  it('survives failures, trying ever less often, and logs when they begin and when they end', async () => {
    const { logger, lines } = recorder();
    let runs = 0;
    const job = async () => {
      runs++;
      if (runs <= 4) throw new Error('down');
      return false;
    };
    const startedAt = performance.now();
    const repeating = repeat(job, options(logger, 1));
    await eventually(() => runs > 6, 'recovery');
    await repeating.stop();
    expect(lines).to.deep.equal(['warn job: failing; trying again', 'info job: works again']);
    // Four pauses of at least half of 200, 400, 800 and 1000 ms.
    expect(performance.now() - startedAt).to.be.at.least(1190);
  });

  it('stops at once in a pause, and after the current run in a run', async () => {
    const { logger } = recorder();
    let runs = 0;
    const pausing = repeat(async () => ++runs < 0, options(logger, 60_000));
    await eventually(() => runs === 1, 'the first run');
    await pausing.stop();
    let finish = (): void => undefined;
    let ended = false;
    const running = repeat(
      async () => {
        await new Promise<void>((resolve) => (finish = resolve));
        ended = true;
        return true;
      },
      options(logger, 1),
    );
    const stopped = running.stop();
    finish();
    await stopped;
    expect([runs, ended]).to.deep.equal([1, true]);
  });
});
