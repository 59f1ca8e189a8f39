import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../../platform/logger.ts';
import { StoreError, type StoreErrorCode } from '../store.ts';
import type { CompareState } from './compare-state.ts';
import { causeOf, type Disk } from './disk.ts';
import { Group } from './group.ts';
import type { History } from './history.ts';

/** A caller's step in a group; `plan` answers how to tell the caller of its success. */
interface Waiting {
  readonly lengthBytes: number;
  readonly plan: (group: Group) => () => void;
  readonly reject: (error: StoreError) => void;
}

/** The part of the disk that groups need. */
export type GroupDisk = Pick<Disk, 'write' | 'reopen'>;

const WRITE_DEADLINE_MS = 1500;
const REOPEN_PAUSE_MS = 500;
const GROUP_MAX = { steps: 1000, bytes: 8 << 20 };
const WAITING_MAX = { steps: 20_000, bytes: 128 << 20 };

/**
 * Writes groups of steps one after another, each as one synced batch; what arrives meanwhile is the
 * next group.
 *
 * A failed write leaves the disk in doubt: the directory is closed and opened again, as often as it
 * takes, and what is then found there says whether the group was applied. Until then, and while a
 * write is overdue, every new step is refused.
 */
export class GroupCommit {
  readonly #disk: GroupDisk;
  readonly #state: CompareState;
  readonly #history: History;
  readonly #logger: Logger;
  readonly #closing = new AbortController();
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  /** Why steps are refused; undefined when all is well. */
  #trouble: string | undefined;
  #group: Group | undefined;
  #groupSettled = Promise.resolve();
  #running: Promise<void> | undefined;

  constructor(disk: GroupDisk, state: CompareState, history: History, logger: Logger) {
    this.#disk = disk;
    this.#state = state;
    this.#history = history;
    this.#logger = logger;
  }

  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Runs a step within the next group; resolves with its result once that is on disk and applied. */
  submit<T>(lengthBytes: number, step: (group: Group) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const refusal = this.#refusal();
      if (refusal !== undefined) {
        reject(refusal);
        return;
      }
      const plan = (group: Group): (() => void) => {
        const result = step(group);
        return () => {
          resolve(result);
        };
      };
      this.#waiting.push({ lengthBytes, plan, reject });
      this.#waitingBytes += lengthBytes;
      this.#running ??= this.#run();
    });
  }

  /** Whether the group being written decides if this lease exists. */
  decidesOn(lease: string): boolean {
    return this.#group?.decidesOn(lease) ?? false;
  }

  /** Resolves once the group being written is settled or overdue. */
  settled(): Promise<void> {
    return this.#groupSettled;
  }

  /** Refuses what waits, and resolves once the group being written is done. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#fail(this.#take(Infinity, Infinity), 'closed', 'the store was closed');
    await this.#running;
  }

  #refusal(): StoreError | undefined {
    if (this.#closing.signal.aborted) return new StoreError('closed', 'the store was closed');
    if (this.#trouble !== undefined) return new StoreError('unavailable', this.#trouble);
    if (this.#waiting.length < WAITING_MAX.steps && this.#waitingBytes < WAITING_MAX.bytes) return undefined;
    return new StoreError('overloaded', `${this.#waiting.length} commits are waiting for the disk`);
  }

  async #run(): Promise<void> {
    // Lets all that is submitted in this turn into the first group.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      await this.#write(this.#take(GROUP_MAX.steps, GROUP_MAX.bytes));
    }
    // In the same turn as the check above: a step that came between the two would wait for ever.
    this.#running = undefined;
  }

  #take(maxSteps: number, maxBytes: number): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const { lengthBytes } of this.#waiting) {
      if (count === maxSteps || (count > 0 && bytes + lengthBytes > maxBytes)) break;
      bytes += lengthBytes;
      count += 1;
    }
    this.#waitingBytes -= bytes;
    return this.#waiting.splice(0, count);
  }

  async #write(steps: readonly Waiting[]): Promise<void> {
    const group = new Group(this.#state);
    let accept: (() => void)[];
    try {
      accept = steps.map((step) => step.plan(group));
    } catch (error) {
      group.discard();
      this.#logger.error({ err: error }, 'a group of commits could not be planned');
      this.#fail(steps, 'unavailable', `the commit could not be planned: ${causeOf(error)}`);
      return;
    }
    if (group.isEmpty || (await this.#persist(group, steps))) {
      for (const resolve of accept) resolve();
    }
  }

  /** Whether the group is on disk and applied; false once its steps have been told otherwise. */
  async #persist(group: Group, steps: readonly Waiting[]): Promise<boolean> {
    this.#group = group;
    const { promise, settle } = pending();
    this.#groupSettled = promise;
    const overdue = setTimeout(() => {
      this.#refuseAll(steps, `the disk did not finish a write in ${WRITE_DEADLINE_MS} ms`);
      settle();
    }, WRITE_DEADLINE_MS);
    try {
      const applied = await this.#disk.write(group.writes()).then(
        () => true,
        (error: unknown) => this.#resolveDoubt(group, steps, error),
      );
      if (applied) {
        this.#apply(group);
      } else {
        group.discard();
        this.#fail(steps, 'unavailable', 'the disk refused the write; nothing of it was kept');
      }
      this.#recovered();
      return applied;
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#refuseAll(steps, causeOf(error));
      return false;
    } finally {
      clearTimeout(overdue);
      this.#group = undefined;
      settle();
    }
  }

  #apply(group: Group): void {
    group.apply();
    if (group.opensEpoch) this.#history.restart(group.revision - group.commits.length);
    this.#history.append(group.commits);
  }

  /** Reopens until the disk answers; says whether it holds the group. Throws when closed meanwhile. */
  async #resolveDoubt(group: Group, steps: readonly Waiting[], cause: unknown): Promise<boolean> {
    this.#logger.error({ err: cause }, 'a write to the data directory failed; opening it again');
    for (;;) {
      try {
        const held = (await this.#disk.reopen())?.revision ?? 0;
        if (held === group.revision && held === this.#state.revision) {
          // Its revision cannot tell, but what makes none may be written twice.
          await this.#disk.write(group.writes());
          return true;
        }
        if (held === group.revision) return true;
        if (held === this.#state.revision) return false;
        const expected = this.#state.revision;
        this.#refuseAll(steps, `the data directory was changed: it is at ${held}, not ${expected}`);
      } catch (error) {
        this.#refuseAll(steps, `the data directory cannot be written: ${causeOf(error)}`);
      }
      await delay(REOPEN_PAUSE_MS, undefined, { signal: this.#closing.signal });
    }
  }

  #refuseAll(steps: readonly Waiting[], trouble: string): void {
    if (this.#trouble !== trouble) this.#logger.error({ trouble }, 'the store refuses writes');
    this.#trouble = trouble;
    this.#fail(steps, 'unknown_outcome', trouble);
    this.#fail(this.#take(Infinity, Infinity), 'unavailable', trouble);
  }

  #recovered(): void {
    if (this.#trouble === undefined) return;
    this.#logger.info({ trouble: this.#trouble }, 'the store takes writes again');
    this.#trouble = undefined;
  }

  #fail(steps: readonly Waiting[], code: StoreErrorCode, message: string): void {
    for (const step of steps) step.reject(new StoreError(code, message));
  }
}

function pending(): { promise: Promise<void>; settle: () => void } {
  let settle = (): void => undefined;
  const promise = new Promise<void>((resolve) => {
    settle = resolve;
  });
  return { promise, settle };
}
