import type { Logger } from '../platform/logger.ts';
import type { Random } from '../platform/random.ts';

const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 1000;

export interface RepeatOptions {
  /** What is repeated, for the log. */
  readonly name: string;
  /** Between the end of one run and the next. */
  readonly intervalMs: number;
  readonly logger: Logger;
  readonly random: Random;
}

/** A job that runs again and again until it is stopped. */
export interface Repeating {
  /** Resolves once the current run is over; no other begins. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Runs a job at once and then for ever; `run` resolves with whether there is more to do without a pause.
 *
 * A failing job is tried again, ever slower up to a second or its interval. The log has one line when it begins to
 * fail and one when it works again.
 */
export function repeat(run: () => Promise<boolean>, options: RepeatOptions): Repeating {
  const stopping = new AbortController();
  const running = loop(run, options, stopping.signal);
  return {
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

async function loop(run: () => Promise<boolean>, options: RepeatOptions, signal: AbortSignal): Promise<void> {
  const { name, intervalMs, logger, random } = options;
  let failures = 0;
  while (!signal.aborted) {
    let more = false;
    try {
      more = await run();
      if (failures > 0) logger.info({ failures }, `${name}: works again`);
      failures = 0;
    } catch (error) {
      if (failures === 0) logger.warn({ err: error }, `${name}: failing; trying again`);
      failures++;
    }
    if (more) {
      // A job that awaits nothing but promises would starve the event loop.
      await new Promise((resolve) => setImmediate(resolve));
      continue;
    }
    const backoffMs = Math.min(Math.max(MAX_BACKOFF_MS, intervalMs), FIRST_BACKOFF_MS * 2 ** failures);
    await pause(failures === 0 ? intervalMs : backoffMs * (0.5 + random.fraction() / 2), signal);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal.addEventListener('abort', finish);
    if (signal.aborted) finish();
  });
}
