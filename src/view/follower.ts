import { State, type Revision } from '../core/index.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import type { Random } from '../platform/random.ts';
import { TimeSlices } from '../platform/time-slices.ts';
import { StoreError, type Adoption, type SnapshotItem, type Store } from '../store/store.ts';
import { decodeCommit, decodeRecord } from './codec.ts';
import { Refilling } from './refill.ts';
import type { View } from './view.ts';

const BACKOFF_MS = { first: 50, most: 1000 };
/** Nodes that must all read a snapshot again begin at random moments within this. */
const STAGGER_MS = 500;
/** A store may hold back what follows a batch of so many commits. */
const LARGE_BATCH = 32;
/** Few enough to take a millisecond or two, and enough for those who follow the view to see many as one. */
const APPLIED_AT_ONCE = 50;
/** A look at the clock after each item of a snapshot would take as long as every thirtieth of them. */
const TAKEN_AT_ONCE = 16;
/** A store without news says so after this long. */
const QUIET_MS = 1000;
const CONFIRM_MS = 3000;

interface Deps {
  readonly store: Store;
  readonly view: View;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/**
 * Keeps a view equal to its store, for ever: adopt, snapshot, then every commit.
 *
 * A break in the history (another epoch, trimmed log) means a new snapshot; a silent store means
 * trying again while the view goes on answering, ever older.
 */
export class Follower {
  readonly #deps: Deps;
  readonly #stopping = new AbortController();
  readonly #refilling: Refilling;
  #attempt = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #confirming = false;

  constructor(deps: Deps) {
    this.#deps = deps;
    this.#refilling = new Refilling(deps.clock);
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#attempt.abort();
    await this.#running;
  }

  /** Starts the current attempt over: somebody has noticed that the epoch changed. */
  restart(): void {
    this.#attempt.abort();
  }

  async #run(): Promise<void> {
    let backoffMs = 0;
    let snapshotNeeded = true;
    while (!this.#stopped()) {
      this.#attempt = new AbortController();
      try {
        const adoption = await this.#adopt();
        snapshotNeeded ||= adoption.opened;
        if (snapshotNeeded) await this.#load(adoption, this.#attempt.signal);
        snapshotNeeded = false;
        backoffMs = 0;
        await this.#follow(this.#attempt.signal);
      } catch (error) {
        if (this.#stopped()) return;
        snapshotNeeded ||= error instanceof StoreError && error.code === 'gap';
        this.#report(error);
        backoffMs = Math.min(BACKOFF_MS.most, Math.max(BACKOFF_MS.first, backoffMs * 2));
        await this.#pause(backoffMs);
      }
    }
  }

  #stopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  async #adopt(): Promise<Adoption> {
    const { store, view, logger } = this.#deps;
    const adoption = await store.adopt(view.state.revision);
    const { epoch, lost, fresh } = adoption;
    if (adoption.opened && epoch === 0) logger.info({ fresh }, 'opened a new store');
    else if (adoption.opened)
      logger.warn({ epoch, lost, fresh }, 'opened an epoch: the store is another one, or went back');
    if (adoption.lost > 0) view.lost(adoption.lost);
    return adoption;
  }

  /** Builds a new state beside the one in use and swaps it in once it is whole. */
  async #load(adoption: Adoption, signal: AbortSignal): Promise<void> {
    const { store, view, clock, logger, random } = this.#deps;
    if (view.ready) await this.#refilling.run(store, view.state, adoption, logger);
    if (view.ready) await this.#sleep(random.fraction() * STAGGER_MS);
    const next = new State();
    const snapshot = await store.snapshot(signal);
    const slices = new TimeSlices(clock);
    let taken = 0;
    for await (const items of snapshot.items) {
      for (const item of items) {
        take(next, item);
        if (++taken % TAKEN_AT_ONCE === 0 && slices.isOver) await slices.next();
      }
    }
    next.revision = snapshot.base;
    const askedAtMs = clock.monotonic();
    await this.#catchUp(next, await store.revision(), signal);
    if (view.ready && this.#refilling.mustWait(next, view.state)) {
      throw new StoreError('gap', 'the store is being refilled by another node');
    }
    view.replace(next);
    view.verified(askedAtMs);
    logger.info({ revision: next.revision, records: next.size }, 'loaded a snapshot');
  }

  async #catchUp(state: State, target: Revision, signal: AbortSignal): Promise<void> {
    if (state.revision >= target) return;
    const slices = new TimeSlices(this.#deps.clock);
    for await (const commits of this.#deps.store.follow(state.revision, signal)) {
      for (const commit of commits) {
        state.apply(decodeCommit(commit));
        if (slices.isOver) await slices.next();
      }
      if (state.revision >= target) return;
    }
    throw new StoreError('unavailable', 'stopped before the snapshot was whole');
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { store, view, clock } = this.#deps;
    let askedAtMs = clock.monotonic();
    for await (const commits of store.follow(view.state.revision, signal)) {
      const slices = new TimeSlices(clock);
      for (let from = 0; from < commits.length; from += APPLIED_AT_ONCE) {
        if (slices.isOver) await slices.next();
        view.apply(commits.slice(from, from + APPLIED_AT_ONCE).map(decodeCommit));
      }
      this.#verify(commits.length, askedAtMs);
      askedAtMs = clock.monotonic();
    }
  }

  /** A batch may have been on its way while this process stood still: it tells of when it was asked for, not of now. */
  #verify(commits: number, askedAtMs: number): void {
    const { view, clock } = this.#deps;
    if (commits === 0) view.verified(Math.min(clock.monotonic(), askedAtMs + QUIET_MS));
    else if (commits < LARGE_BATCH) view.verified(askedAtMs);
    else void this.#confirm();
  }

  /** Asks how far the store is, and vouches for the view once it is there too. */
  async #confirm(): Promise<void> {
    if (this.#confirming) return;
    this.#confirming = true;
    const { store, view, clock } = this.#deps;
    const askedAtMs = clock.monotonic();
    try {
      await view.reach(await store.revision(), CONFIRM_MS);
      view.verified(askedAtMs);
    } catch {
      // Whoever reads sees by its age that the view could not be confirmed.
    } finally {
      this.#confirming = false;
    }
  }

  #report(error: unknown): void {
    const code = error instanceof StoreError ? error.code : 'internal';
    const fields = { code, err: error, ageMs: Math.round(this.#deps.view.ageMs) };
    if (code === 'gap') this.#deps.logger.info(fields, 'the history has a break; loading a snapshot');
    else this.#deps.logger.warn(fields, 'following the store failed; trying again');
  }

  async #pause(ms: number): Promise<void> {
    await this.#sleep(ms * (0.5 + this.#deps.random.fraction() / 2));
  }

  async #sleep(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#stopping.signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#stopping.signal.addEventListener('abort', done, { once: true });
    });
  }
}

/** Takes a part of a snapshot into the state that is built of it. */
function take(state: State, item: SnapshotItem): void {
  if (item.kind === 'topic') state.touch(item.topic, item.revision);
  else if (item.kind === 'compacted') state.compacted = item.revision;
  else {
    const { table, key, value } = decodeRecord(item.record);
    if (value !== undefined) state.load(table, value, key);
  }
}
