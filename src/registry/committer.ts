import {
  isEmpty,
  RollcallError,
  type CommitResult,
  type Compare,
  type Decision,
  type Draft,
  type Revision,
  type State,
  type Txn,
} from '../core/index.ts';
import type { Clock } from '../platform/clock.ts';
import type { Random } from '../platform/random.ts';
import { StoreError, type Store } from '../store/store.ts';
import { encodeValue } from '../view/codec.ts';
import type { View } from '../view/view.ts';
import { KeyedQueue } from './keyed-queue.ts';
import { RecentOperations } from './recent-operations.ts';

/** Longest a write may take before the caller is told that it failed. */
const DEADLINE_MS = 3000;
/** A lost reply is worth one more try only when it was lost quickly. */
const RESEND_WITHIN_MS = 400;
const RESEND_PAUSE_MS = 100;
const CATCH_UP_MS = 1500;
const MAX_ATTEMPTS = 100;

interface Deps {
  readonly store: Store;
  readonly view: View;
  readonly clock: Clock;
  readonly random: Random;
  /** Called when the store turns out to be in another epoch, to have it adopted. */
  readonly onEpochChanged: () => void;
}

export interface Committed<T> {
  readonly result: T;
  /** The view has at least this revision when the caller learns of it. */
  readonly revision: Revision;
}

/**
 * Takes decisions and commits them: decide on the view, commit, wait until the view has it.
 *
 * On a conflict the view catches up and the decision is taken again; those who still want to write the
 * record that they collided on queue behind each other. A refusal or a "nothing to do" counts only when
 * decided on a view that is as new as the store.
 */
export class Committer {
  readonly #deps: Deps;
  readonly #contended = new KeyedQueue();
  readonly #recent: RecentOperations;

  constructor(deps: Deps) {
    this.#deps = deps;
    this.#recent = new RecentOperations(deps.view);
  }

  /**
   * `proof` is what a refusal or a "nothing to do" rests on: `barrier` where the answer promises as
   * much as a write does. Such a write may have been applied before, and its outcome been unknown.
   *
   * Throws what `decide` throws, and `not_ready`, `store_unavailable`, `outcome_unknown`, `aborted`.
   */
  async commit<T>(
    decide: (state: State) => Decision<T>,
    proof: 'revision' | 'barrier' = 'revision',
  ): Promise<Committed<T>> {
    const { view, clock } = this.#deps;
    if (!view.ready) throw new RollcallError('not_ready');
    const deadline = clock.monotonic() + DEADLINE_MS;
    let contended: Compare | undefined;
    let release: (() => void) | undefined;
    let caughtUp = false;
    try {
      for (let attempt = 0; attempt < MAX_ATTEMPTS && clock.monotonic() < deadline; attempt++) {
        const decision = attemptTo(decide, view.state);
        if ('failure' in decision || isEmpty(decision.value.draft)) {
          if (caughtUp) return { result: valueOf(decision).result, revision: view.state.revision };
          await this.catchUp(proof);
          caughtUp = true;
          continue;
        }
        const { draft, result } = decision.value;
        if (release === undefined && collidesAgain(draft, contended)) {
          release = await this.#queueUp(contended, deadline);
          await this.catchUp(proof);
          continue;
        }
        const outcome = await this.#submit(draft);
        if (outcome?.outcome === 'applied') {
          const { revision } = outcome;
          if (view.state.revision < revision) await this.#see(revision);
          return { result, revision };
        }
        contended = outcome?.compare;
        await this.catchUp(proof);
        caughtUp = true;
      }
    } finally {
      release?.();
    }
    throw new RollcallError('aborted');
  }

  /**
   * Waits until the view has everything acknowledged by any node before this call.
   *
   * Throws `store_unavailable`.
   */
  async catchUp(proof: 'revision' | 'barrier' = 'revision'): Promise<void> {
    const { store, view } = this.#deps;
    let revision: Revision;
    try {
      revision = await store[proof]();
    } catch (error) {
      if (!isEpochChange(error)) throw refusal(error);
      await this.#adopted();
      revision = await store[proof]().catch((again: unknown) => {
        throw refusal(again);
      });
    }
    await view.reach(revision, CATCH_UP_MS);
  }

  /** Waits for the turn of those who collide on what a commit compared; resolves with how to end it. */
  #queueUp(compare: Compare, deadline: number): Promise<() => void> {
    if (compare.kind === 'lease-due') throw new RollcallError('aborted', 'The lease was renewed');
    return this.#contended.enter(contendedKey(compare), deadline - this.#deps.clock.monotonic());
  }

  /** Waits for a commit of this node's own; whether it will stay is open while the view cannot have it. */
  async #see(revision: Revision): Promise<void> {
    await this.#deps.view.reach(revision, CATCH_UP_MS).catch(() => {
      throw new RollcallError(
        'outcome_unknown',
        'The store took the change, and this node does not have it yet',
      );
    });
  }

  /** What the store made of a draft; undefined where the epoch changed. */
  async #submit(draft: Draft): Promise<CommitResult | undefined> {
    const { store, clock, random } = this.#deps;
    const txn = encode(draft, random.token());
    const sentAt = clock.monotonic();
    this.#recent.remember(txn.operation);
    try {
      return await store.commit(txn);
    } catch (error) {
      if (isEpochChange(error)) {
        await this.#adopted();
        return undefined;
      }
      // Sending it again is safe: it compares every record it writes.
      const quickly = clock.monotonic() - sentAt < RESEND_WITHIN_MS;
      const unknown = error instanceof StoreError && error.code === 'unknown_outcome';
      if (!unknown || !quickly || txn.puts.length + txn.deletes.length === 0) throw refusal(error);
      return await this.#resend(txn);
    } finally {
      this.#recent.forget(txn.operation);
    }
  }

  /** Sends a transaction again whose reply was lost. */
  async #resend(txn: Txn): Promise<CommitResult> {
    await new Promise((resolve) => setTimeout(resolve, RESEND_PAUSE_MS));
    const result = await this.#deps.store.commit(txn).catch(() => {
      // Whatever is refused now, the first attempt may have been applied.
      throw new RollcallError('outcome_unknown');
    });
    if (result.outcome === 'applied') return result;
    // A conflict with ourselves: the first attempt was applied, though its reply was lost.
    await this.catchUp('barrier').catch(() => {
      throw new RollcallError('outcome_unknown');
    });
    const revision = this.#recent.revisionOf(txn.operation);
    if (revision === undefined && this.#recent.mayHaveMissed(txn.operation))
      throw new RollcallError('outcome_unknown');
    return revision === undefined ? result : { outcome: 'applied', revision };
  }

  async #adopted(): Promise<void> {
    const { view, onEpochChanged } = this.#deps;
    await new Promise<void>((resolve) => {
      const finish = () => {
        clearTimeout(timer);
        stop();
        resolve();
      };
      const timer = setTimeout(finish, CATCH_UP_MS);
      const stop = view.onCommits(finish);
      onEpochChanged();
    });
  }
}

type Attempt<T> = { readonly value: T } | { readonly failure: unknown };

function attemptTo<T>(take: (state: State) => T, state: State): Attempt<T> {
  try {
    return { value: take(state) };
  } catch (failure) {
    return { failure };
  }
}

function valueOf<T>(attempt: Attempt<T>): T {
  if ('failure' in attempt) throw attempt.failure;
  return attempt.value;
}

function encode(draft: Draft, operation: string): Txn {
  const puts = draft.puts.map((put) => ({
    table: put.table,
    key: put.key,
    createRevision: put.createRevision,
    value: encodeValue(put),
  }));
  return { ...draft, operation, puts };
}

/** Whether a draft would get in the way of others again; one that merely relies on a record does not. */
function collidesAgain({ puts, deletes }: Draft, on: Compare | undefined): on is Compare {
  if (on?.kind !== 'record') return on !== undefined;
  return [...puts, ...deletes].some(({ table, key }) => table === on.table && key === on.key);
}

function contendedKey(compare: Compare): string {
  switch (compare.kind) {
    case 'record':
      return `${compare.table}/${compare.key}`;
    case 'topic':
      return compare.topic;
    case 'lease-due':
      return compare.lease;
    case 'epoch':
      return 'epoch';
  }
}

function isEpochChange(error: unknown): boolean {
  return error instanceof StoreError && error.code === 'epoch_changed';
}

/** What a caller is told of a store's failure. */
export function refusal(error: unknown): unknown {
  if (!(error instanceof StoreError)) return error;
  return new RollcallError(error.code === 'unknown_outcome' ? 'outcome_unknown' : 'store_unavailable');
}
