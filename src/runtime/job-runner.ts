import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import type { JobRun, Registry } from '../registry/index.ts';

const DEADLINE_MS = 10 * 60_000;
const RETRY_MS = { first: 60_000, most: 60 * 60_000 };
/** A run noted further in the future than this was noted by a clock that was wrong. */
const CLOCK_SKEW_MS = 60 * 60_000;
const DETAIL_LENGTH = 300;

/** A chore with a calendar. */
export interface Job {
  readonly name: string;
  /** Cron expression. */
  readonly schedule: string;
  /** When the calendar has it next, in ms since 1970; absent where it looks for work each time it is asked. */
  readonly nextRunMs?: () => number;
  /** Says what was done; '' where there was nothing to do. */
  readonly run: (signal: AbortSignal) => Promise<string>;
}

interface Deps {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly logger: Logger;
  /** When a job is given up; default: ten minutes. */
  readonly deadlineMs?: number;
}

/** How a run ended. */
interface Ending {
  readonly outcome: JobRun['outcome'];
  readonly detail: string;
}

/** Runs jobs that are due, notes in the catalog how they went, and tries again what failed, ever later. */
export class JobRunner {
  readonly #deps: Deps;
  readonly #stopping = new AbortController();
  readonly #underWay = new Set<string>();

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** Gives up what is under way. */
  stop(): void {
    this.#stopping.abort(new Error('the node stops'));
  }

  /** Runs the job if it is due; never rejects, and takes no longer than the deadline. */
  async run(job: Job): Promise<void> {
    const { registry, clock, logger } = this.#deps;
    if (this.#underWay.has(job.name) || !this.#isDue(job)) return;
    const before = registry.jobs.lastRun(job.name);
    const [startedAtMs, started] = [clock.now(), clock.monotonic()];
    const ending = await this.#attempt(job);
    if (this.#stopping.signal.aborted) return;
    if (ending.outcome === 'done' && ending.detail === '' && before?.outcome === 'done') return;
    const durationMs = Math.round(clock.monotonic() - started);
    const { outcome, detail } = ending;
    if (outcome === 'failed')
      logger.warn({ job: job.name, durationMs, detail }, 'a job failed; trying again');
    else if (detail !== '') logger.info({ job: job.name, durationMs, detail }, 'a job is done');
    try {
      const run = this.#noted(job, before, { ...ending, startedAtMs, durationMs });
      await registry.jobs.record(job.name, run);
    } catch (error) {
      logger.warn({ job: job.name, err: error }, 'how a job went could not be noted');
    }
  }

  #isDue({ name, schedule, nextRunMs }: Job): boolean {
    const { registry, clock } = this.#deps;
    const last = registry.jobs.lastRun(name);
    if (nextRunMs === undefined || last?.schedule !== schedule || last.nextRunAt === undefined) return true;
    const now = clock.now();
    return now >= Date.parse(last.nextRunAt) || now < Date.parse(last.lastRunAt) - CLOCK_SKEW_MS;
  }

  /** Leaves work that hangs behind, which happens to files of a network; it is not begun again before it ends. */
  async #attempt(job: Job): Promise<Ending> {
    const { deadlineMs = DEADLINE_MS } = this.#deps;
    const giveUp = new AbortController();
    const onStop = () => {
      giveUp.abort(this.#stopping.signal.reason);
    };
    const timer = setTimeout(() => {
      giveUp.abort(new Error(`not done within ${String(deadlineMs / 1000)} seconds`));
    }, deadlineMs);
    this.#stopping.signal.addEventListener('abort', onStop, { once: true });
    this.#underWay.add(job.name);
    const work = job.run(giveUp.signal).finally(() => this.#underWay.delete(job.name));
    try {
      return { outcome: 'done', detail: await Promise.race([work, rejectedBy(giveUp.signal)]) };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return { outcome: 'failed', detail: reason.slice(0, DETAIL_LENGTH) };
    } finally {
      clearTimeout(timer);
      this.#stopping.signal.removeEventListener('abort', onStop);
    }
  }

  #noted(
    { schedule, nextRunMs }: Job,
    before: JobRun | undefined,
    run: Ending & { readonly startedAtMs: number; readonly durationMs: number },
  ): JobRun {
    const { registry, clock } = this.#deps;
    const { outcome, detail, startedAtMs, durationMs } = run;
    const lastRunAt = iso(startedAtMs);
    const failures = outcome === 'done' ? 0 : (before?.failures ?? 0) + 1;
    const lastSuccessAt = outcome === 'done' ? lastRunAt : before?.lastSuccessAt;
    const retryMs = Math.min(RETRY_MS.most, RETRY_MS.first * 2 ** Math.min(failures - 1, 10));
    const nextMs = nextRunMs?.();
    const nextRunAt = outcome === 'done' ? nextMs : nextMs && Math.min(nextMs, clock.now() + retryMs);
    return {
      node: registry.identity.nodeName,
      schedule,
      outcome,
      detail,
      lastRunAt,
      durationMs,
      failures,
      ...(lastSuccessAt === undefined ? {} : { lastSuccessAt }),
      ...(nextRunAt === undefined ? {} : { nextRunAt: iso(nextRunAt) }),
    };
  }
}

function rejectedBy(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener(
      'abort',
      () => {
        reject(signal.reason as Error);
      },
      { once: true },
    );
  });
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
