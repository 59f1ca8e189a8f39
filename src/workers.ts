import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import type { Clock } from './platform/clock.ts';
import type { Logger } from './platform/logger.ts';

const FIRST_BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 30_000;
/** A worker that lived this long is started again at once. */
const SOUND_MS = 60_000;

/** What a worker tells its supervisor once it serves. */
export interface WorkerReady {
  readonly httpPort: number;
  readonly dnsPort: number | undefined;
}

interface Options {
  readonly count: number;
  readonly logger: Logger;
  readonly clock: Clock;
  /** The environment variable by which a worker learns its number, from 1. */
  readonly numberVariable: string;
  /** Called once, when all of them serve. */
  readonly onReady: (ready: WorkerReady) => void;
}

/** Where one worker after another does the same job. */
interface Slot {
  readonly number: number;
  worker: Worker | undefined;
  ready: WorkerReady | undefined;
  backoffMs: number;
  restart: NodeJS.Timeout | undefined;
}

/**
 * Runs several processes behind one port and keeps them running.
 *
 * One that ends is started again, ever more slowly while it keeps ending at once. Only before all of them have served
 * for the first time does an end, such as by a wrong setting, end everything.
 */
export class WorkerSupervisor {
  readonly #options: Options;
  readonly #slots: readonly Slot[];
  readonly #failed: Promise<number>;
  #fail: (code: number) => void = () => undefined;
  #served = false;
  #stopping = false;

  constructor(options: Options) {
    this.#options = options;
    this.#slots = Array.from({ length: options.count }, (_, at) => ({
      number: at + 1,
      worker: undefined,
      ready: undefined,
      backoffMs: FIRST_BACKOFF_MS,
      restart: undefined,
    }));
    this.#failed = new Promise((resolve) => {
      this.#fail = resolve;
    });
  }

  start(): void {
    for (const slot of this.#slots) this.#fork(slot);
  }

  /** Resolves with the exit code of the worker that could not be started at first; otherwise never. */
  get failed(): Promise<number> {
    return this.#failed;
  }

  /** Has all workers read their service definitions again. */
  reload(): void {
    for (const { worker } of this.#slots) worker?.send('reload');
  }

  /** Has all workers drain; resolves once they have ended. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const ended = this.#slots.map(async ({ worker, restart }) => {
      clearTimeout(restart);
      if (worker === undefined || worker.isDead()) return;
      const exit = once(worker, 'exit');
      if (worker.isConnected()) worker.send('stop', () => undefined);
      await exit;
    });
    await Promise.all(ended);
  }

  #fork(slot: Slot): void {
    const { clock, numberVariable } = this.#options;
    const startedAtMs = clock.monotonic();
    const worker = cluster.fork({ [numberVariable]: String(slot.number) });
    slot.worker = worker;
    // A worker that dies while it is told something has nothing more to hear.
    worker.on('error', () => undefined);
    worker.on('message', (ready: WorkerReady) => {
      slot.ready = ready;
      this.#announce(ready);
    });
    worker.once('exit', (code: number | null, signal: string | null) => {
      slot.worker = undefined;
      this.#ended(slot, { code, signal, livedMs: clock.monotonic() - startedAtMs });
    });
  }

  #announce(ready: WorkerReady): void {
    if (this.#served || this.#slots.some((slot) => slot.ready === undefined)) return;
    this.#served = true;
    this.#options.onReady(ready);
  }

  #ended(slot: Slot, end: { code: number | null; signal: string | null; livedMs: number }): void {
    if (this.#stopping) return;
    if (!this.#served) {
      this.#fail(end.code ?? 1);
      return;
    }
    const delayMs = end.livedMs >= SOUND_MS ? 0 : slot.backoffMs;
    slot.backoffMs =
      end.livedMs >= SOUND_MS ? FIRST_BACKOFF_MS : Math.min(MAX_BACKOFF_MS, 2 * slot.backoffMs);
    const { code, signal } = end;
    this.#options.logger.warn(
      { worker: slot.number, code, signal, delayMs },
      'a worker ended; starting it again',
    );
    slot.restart = setTimeout(() => this.#fork(slot), delayMs);
  }
}
