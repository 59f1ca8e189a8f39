import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import type { Registry } from '../registry/index.ts';
import { BackupDirectory } from './backup-directory.ts';
import { eachMinute, EVERY_MINUTE, type Calendar } from './housekeeping-calendar.ts';
import { JobRunner, type Job } from './job-runner.ts';
import { TombstoneReaper } from './tombstone-reaper.ts';

/** Where and when backups are made. */
export interface BackupPlan {
  readonly directory: string;
  readonly calendar: Pick<Calendar, 'expression' | 'nextMs'>;
  /** How many are kept. */
  readonly keep: number;
}

interface Deps {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whether this node is the one to do the work. */
  readonly leads: () => boolean;
  /** Default: no backups. */
  readonly backup?: BackupPlan | undefined;
}

/**
 * The chores with a calendar, each done by one registry node at a time: forgetting old deletions, making backups.
 *
 * The history needs none, since the stores bound it by themselves; topics are what indexes are read from and stay.
 */
export class Housekeeping {
  readonly #deps: Deps;
  readonly #runner: JobRunner;
  readonly #tombstones: TombstoneReaper;
  readonly #jobs: readonly Job[];
  #task: ReturnType<typeof eachMinute> | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(deps: Deps) {
    const { registry, clock } = deps;
    this.#deps = deps;
    this.#runner = new JobRunner(deps);
    this.#tombstones = new TombstoneReaper(registry, clock);
    const tombstones: Job = {
      name: 'tombstones',
      schedule: EVERY_MINUTE,
      run: (signal) => this.#tombstones.run(signal),
    };
    this.#jobs = deps.backup === undefined ? [tombstones] : [tombstones, backupJob(deps, deps.backup)];
  }

  start(): void {
    const run = () => {
      this.#running = this.run();
      return this.#running;
    };
    this.#task ??= eachMinute(run, this.#deps.logger);
  }

  /** Resolves once no chore is under way; gives up those that are. */
  async stop(): Promise<void> {
    this.#runner.stop();
    await this.#task?.destroy();
    this.#task = undefined;
    await this.#running;
  }

  /** One turn; never rejects. */
  async run(): Promise<void> {
    const { registry, logger, leads } = this.#deps;
    if (!registry.ready) return;
    this.#tombstones.sample();
    if (!leads()) return;
    await Promise.all(this.#jobs.map((job) => this.#runner.run(job)));
    try {
      await registry.jobs.keepOnly(new Set(this.#jobs.map(({ name }) => name)));
    } catch (error) {
      logger.debug({ err: error }, 'jobs of the past could not be forgotten');
    }
  }
}

function backupJob({ registry, clock, logger }: Deps, { directory, keep, calendar }: BackupPlan): Job {
  const backups = new BackupDirectory({ registry, clock, logger, directory, keep });
  return {
    name: 'backup',
    schedule: calendar.expression,
    nextRunMs: () => calendar.nextMs(),
    run: (signal) => backups.add(signal),
  };
}
