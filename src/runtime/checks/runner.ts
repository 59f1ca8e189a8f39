import { deepEqual, RollcallError, type Check, type StateCommit, type Stored } from '../../core/index.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Random } from '../../platform/random.ts';
import { SlicedWalk } from '../../platform/sliced-walk.ts';
import type { Registry } from '../../registry/index.ts';
import type { Assignment, RingFence } from './assignment.ts';
import { isProbe, runProbe, type ProbeResult, type ProbeSource } from './probes/index.ts';
import { Suspicion } from './suspicion.ts';
import { continuedStreak, judge, newStreak, type Streak } from './thresholds.ts';
import { TimerWheel } from '../../platform/timer-wheel.ts';

/** Most probes in flight; what is due beyond that waits its turn. */
const MAX_RUNNING = 200;
const DEFAULT_TIMEOUT_MS = 10_000;
/** Longest delay a timer can hold. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;
/** Share of the interval by which runs stray, so that checks registered together drift apart. */
const JITTER = 0.05;
/** A verdict that came this much after its deadline tells of this process, not of the target. */
const LATE_MS = 1000;
/** When a check whose result was dropped is looked at again, at the latest. */
const AGAIN_WITHIN_MS = 1000;
/** Another node may have let the check in. */
const SCRIPTS_REFUSED: ProbeResult = {
  status: 'critical',
  output: 'Scripts are disabled on this node of the registry',
};

interface Deps {
  readonly registry: Registry;
  readonly assignment: Assignment;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Whether programs may be run here; default false. */
  readonly scriptChecks?: boolean;
  /** Called when this node has begun to doubt itself, so that others learn of it; default: nobody is told. */
  readonly onSuspect?: () => void;
}

/** A check this node runs, until it is dropped or defined anew. */
interface Task {
  readonly key: string;
  readonly node: string;
  readonly checkId: string;
  readonly source: ProbeSource;
  streak: Streak;
  /** Ends the probe in flight. */
  cancel?: () => void;
}

/**
 * Runs the checks that are this node's on the ring of registry nodes, and reports what they find.
 *
 * Follows the catalog: a check begins at a random moment within its interval, also where it comes from another node, and
 * keeps its last status until then. Runs of one check never overlap. A result counts only while the ring is the one it
 * was found under, and nothing does that was found while this process stood still or when most checks fail at once.
 */
export class CheckRunner {
  readonly #deps: Deps;
  readonly #suspicion: Suspicion;
  readonly #tasks = new Map<string, Task>();
  readonly #wheel: TimerWheel<Task>;
  /** Due and waiting for a free place, in order. */
  readonly #ready = new Set<Task>();
  readonly #running = new Set<Promise<void>>();
  /** Over all checks; there may be a million. */
  readonly #walk: SlicedWalk;
  #unsubscribe: (() => void) | undefined;
  #failing = false;

  constructor(deps: Deps) {
    this.#deps = deps;
    const { clock, logger, onSuspect = () => undefined } = deps;
    this.#suspicion = new Suspicion({ condition: deps.registry.condition, clock, logger, onSuspect });
    this.#walk = new SlicedWalk(clock);
    this.#wheel = new TimerWheel(clock, (task) => {
      this.#ready.add(task);
      this.#fill();
    });
  }

  /** Number of checks this node runs. */
  get size(): number {
    return this.#tasks.size;
  }

  start(): void {
    if (this.#unsubscribe !== undefined) return;
    this.#unsubscribe = this.#deps.registry.onChange((commits) => this.#follow(commits));
    this.#follow([]);
  }

  /** Resolves once no probe is in flight and no timer is set. */
  async stop(): Promise<void> {
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    this.#walk.end();
    for (const key of [...this.#tasks.keys()]) this.#drop(key);
    await Promise.all(this.#running);
  }

  #follow(commits: readonly StateCommit[]): void {
    const moved = this.#deps.assignment.refresh();
    if (moved || commits.length === 0) void this.#walk.begin(this.#keys(), (key) => this.#update(key));
    for (const commit of commits) {
      for (const { table, key } of commit.changes) if (table === 'check') this.#update(key);
    }
  }

  *#keys(): Generator<string> {
    const { checks } = this.#deps.registry.state;
    for (const key of this.#tasks.keys()) if (!checks.has(key)) yield key;
    yield* checks.keys();
  }

  /** Brings the task of a check in line with the catalog and the ring. */
  #update(key: string): void {
    const check = this.#deps.registry.state.checks.get(key);
    if (check === undefined || !isProbe(check.source) || !this.#deps.assignment.owns(key)) {
      this.#drop(key);
      return;
    }
    const held = this.#tasks.get(key);
    if (held !== undefined && deepEqual(held.source, check.source)) return;
    this.#drop(key);
    const streak = held === undefined ? firstStreak(check, check.source) : newStreak(check.source);
    const task: Task = { key, node: check.node, checkId: check.id, source: check.source, streak };
    this.#tasks.set(key, task);
    this.#wheel.schedule(task, this.#deps.random.fraction() * task.source.intervalMs);
  }

  #drop(key: string): void {
    const task = this.#tasks.get(key);
    if (task === undefined) return;
    this.#tasks.delete(key);
    this.#wheel.cancel(task);
    this.#ready.delete(task);
    task.cancel?.();
  }

  #fill(): void {
    for (const task of this.#ready) {
      if (this.#running.size >= MAX_RUNNING) return;
      this.#ready.delete(task);
      const run = this.#run(task)
        .catch((error: unknown) => {
          // A record of a form that no version writes: its check rests, the others go on.
          this.#deps.logger.error(
            { err: error, node: task.node, check: task.checkId },
            'a check cannot be run',
          );
        })
        .finally(() => {
          this.#running.delete(run);
          this.#fill();
        });
      this.#running.add(run);
    }
  }

  async #run(task: Task): Promise<void> {
    const { clock, random, registry, assignment } = this.#deps;
    const { intervalMs, timeoutMs } = task.source;
    const limitMs = Math.min(timeoutMs > 0 ? timeoutMs : DEFAULT_TIMEOUT_MS, MAX_TIMEOUT_MS);
    const startedAt = clock.monotonic();
    const { fence } = assignment;
    const { stalls } = registry.condition;
    const result = await this.#probe(task, limitMs);
    const isLate = clock.monotonic() - startedAt > limitMs + LATE_MS;
    const hasStalled = registry.condition.stalled || registry.condition.stalls !== stalls;
    const isTaken = !isLate && !hasStalled && (await this.#conclude(task, result, fence));
    if (!this.#isCurrent(task)) return;
    const pauseMs = intervalMs * (1 - JITTER + 2 * JITTER * random.fraction());
    const leftMs = startedAt + pauseMs - clock.monotonic();
    const againMs = random.fraction() * Math.min(intervalMs, AGAIN_WITHIN_MS);
    this.#wheel.schedule(task, !isTaken && !hasStalled && !isLate ? againMs : leftMs > 0 ? leftMs : pauseMs);
  }

  async #probe(task: Task, limitMs: number): Promise<ProbeResult> {
    if (task.source.kind === 'script' && this.#deps.scriptChecks !== true) return SCRIPTS_REFUSED;
    const ending = new AbortController();
    task.cancel = () => ending.abort();
    const timer = setTimeout(task.cancel, limitMs);
    try {
      return await runProbe(task.source, ending.signal);
    } finally {
      clearTimeout(timer);
      delete task.cancel;
    }
  }

  /** Reports a result that changes the status, if this node may judge; false where the ring has changed meanwhile. */
  async #conclude(task: Task, result: ProbeResult, fence: RingFence): Promise<boolean> {
    const { registry, assignment, logger } = this.#deps;
    // One that has moved may not be dropped yet.
    if (!this.#isCurrent(task) || !assignment.owns(task.key)) return true;
    // A node that has lost sight of the store does not know whether the check has moved.
    if (!registry.reads.freshness().knownLeader) return true;
    const verdict = judge(task.source, task.streak, result.status);
    task.streak = verdict.streak;
    if (!this.#isAdmitted(task, result) || verdict.status === undefined) return true;
    try {
      await registry.health.report(task.node, task.checkId, verdict.status, result.output, fence);
      if (this.#failing) logger.info({}, 'check results can be stored again');
      this.#failing = false;
    } catch (error) {
      if (error instanceof RollcallError && error.code === 'check_not_found') return true;
      if (error instanceof RollcallError && error.code === 'aborted') return false;
      if (!this.#failing) logger.warn({ err: error }, 'check results cannot be stored; the checks go on');
      this.#failing = true;
    }
    return true;
  }

  #isAdmitted({ key }: Task, { status }: ProbeResult): boolean {
    const { registry, assignment } = this.#deps;
    const isNewFailure = status === 'critical' && registry.state.checks.get(key)?.status !== 'critical';
    return this.#suspicion.admits({
      key,
      isNewFailure,
      checks: this.#tasks.size,
      hasOther: assignment.hasOther,
    });
  }

  #isCurrent(task: Task): boolean {
    return this.#tasks.get(task.key) === task;
  }
}

/** A check with an output, or that was changed since it was registered, has been run before, here or by another node. */
function firstStreak(check: Stored<Check>, source: ProbeSource): Streak {
  const isNew = check.output === '' && check.modifyRevision === check.createRevision;
  return isNew ? newStreak(source) : continuedStreak(source, check.status);
}
