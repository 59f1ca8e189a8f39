import { createTask, schedule, validateDetailed, type ScheduledTask } from 'node-cron';
import type { Logger } from '../platform/logger.ts';

export const EVERY_MINUTE = '* * * * *';

/** When something is to happen, as a cron expression of five fields says, in UTC. */
export class Calendar {
  readonly expression: string;
  readonly #task: ScheduledTask;

  /** Throws an error whose message says what is wrong with the expression. */
  constructor(expression: string) {
    const fields = expression.trim().split(/\s+/).length;
    if (fields !== 5) throw new Error(`expected 5 fields but got ${String(fields)}`);
    const [wrong] = validateDetailed(expression).errors;
    if (wrong !== undefined) throw new Error(wrong.message);
    this.expression = expression;
    this.#task = createTask(expression, () => undefined, { timezone: 'UTC' });
    this.nextMs();
  }

  /** The next moment from now on, in ms since 1970. */
  nextMs(): number {
    const [next] = this.#task.getNextRuns(1);
    if (next === undefined) throw new Error('it never happens');
    return next.getTime();
  }
}

/** Calls `run` at the beginning of each minute, unless it still runs. */
export function eachMinute(run: () => Promise<void>, logger: Logger): ScheduledTask {
  return schedule(EVERY_MINUTE, run, {
    name: 'housekeeping',
    noOverlap: true,
    suppressMissedWarning: true,
    logger: {
      debug: (message) => logger.debug({ err: message }, 'housekeeping'),
      info: (message) => logger.info({}, message),
      warn: (message) => logger.warn({}, message),
      error: (message) => logger.error({ err: message }, 'housekeeping failed'),
    },
  });
}
