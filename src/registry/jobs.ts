import type { View } from '../view/view.ts';
import type { Settings } from './settings.ts';

const PREFIX = 'job:';

/** How a chore with a calendar went when it last ran, on whichever node did. Times are ISO 8601. */
export interface JobRun {
  /** Name of the registry node. */
  readonly node: string;
  /** Cron expression, in UTC. */
  readonly schedule: string;
  readonly outcome: 'done' | 'failed';
  /** What was done, or why it failed. */
  readonly detail: string;
  readonly lastRunAt: string;
  readonly durationMs: number;
  /** Absent until it has succeeded. */
  readonly lastSuccessAt?: string;
  /** How often it has failed since. */
  readonly failures: number;
  /** Absent where it runs whenever there is something to do. */
  readonly nextRunAt?: string;
}

export interface JobStatus extends JobRun {
  readonly name: string;
}

interface Deps {
  readonly view: View;
  readonly settings: Settings;
}

/** The last runs of chores, kept in the catalog so that every node shows them and a new leader carries on. */
export class Jobs {
  readonly #deps: Deps;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** From this node's view, by name. */
  list(): readonly JobStatus[] {
    return [...this.#deps.view.state.settings.values()]
      .filter(({ name }) => name.startsWith(PREFIX))
      .map(({ name, value }) => ({ name: name.slice(PREFIX.length), ...(value as JobRun) }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  lastRun(name: string): JobRun | undefined {
    return this.#deps.view.state.settings.get(PREFIX + name)?.value as JobRun | undefined;
  }

  /** Throws what a commit throws. */
  async record(name: string, run: JobRun): Promise<void> {
    await this.#deps.settings.put(PREFIX + name, run);
  }

  /** Forgets jobs that are no longer run. Throws what a commit throws. */
  async keepOnly(names: ReadonlySet<string>): Promise<void> {
    for (const { name } of this.list()) if (!names.has(name)) await this.#deps.settings.delete(PREFIX + name);
  }
}
