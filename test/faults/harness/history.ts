import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Exchange } from '../../support/oracles/budget.ts';
import type { Beat, Heartbeater, Listing, Span } from '../../support/oracles/lease.ts';
import type { Operation } from '../../support/oracles/operation.ts';
import type { WatchAnswer } from '../../support/oracles/watch.ts';

/** Ms of the machine's monotonic clock, the same in every process, so that histories can be merged. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** A key that is written once; its writer was told that it is there. */
export interface Acknowledged {
  readonly key: string;
  readonly value: string;
  readonly atMs: number;
}

/** All that the clients of a run saw, and what was done to the system meanwhile. */
export class History {
  readonly seed: number;
  readonly operations: Operation[] = [];
  readonly acknowledged: Acknowledged[] = [];
  readonly watched: WatchAnswer[] = [];
  readonly listings: Listing[] = [];
  readonly exchanges: Exchange[] = [];
  readonly heartbeaters = new Map<string, Heartbeater>();
  readonly faults: (Span & { readonly what: string })[] = [];
  /** Instances whose heartbeat was answered "never heard of". */
  readonly forgotten: string[] = [];
  readonly #beats = new Map<string, Beat[]>();
  readonly counted = { acknowledged: 0, unknown: 0 };

  constructor(seed: number) {
    this.seed = seed;
  }

  /** Acknowledged heartbeats of an instance. */
  beats(id: string): Beat[] {
    const beats = this.#beats.get(id) ?? [];
    this.#beats.set(id, beats);
    return beats;
  }

  /** Notes a fault for as long as `during` takes. */
  async fault<T>(what: string, during: () => Promise<T>): Promise<T> {
    const fromMs = monotonicMs();
    try {
      return await during();
    } finally {
      this.faults.push({ what, fromMs, toMs: monotonicMs() });
    }
  }

  /** Writes everything as JSON lines, with the seed first, and whatever else belongs to the run. */
  write(directory: string, files: Readonly<Record<string, string>> = {}): void {
    mkdirSync(directory, { recursive: true });
    const lines = [
      { type: 'seed', seed: this.seed },
      ...this.faults.map((fault) => ({ type: 'fault', ...fault })),
      ...this.operations.map((operation) => ({ type: 'operation', ...operation })),
      ...this.acknowledged.map((write) => ({ type: 'acknowledged', ...write })),
      ...this.watched.map((answer) => ({ type: 'watch', ...answer })),
      ...this.listings.map((listing) => ({ type: 'listing', ...listing, ids: [...listing.ids] })),
      ...[...this.heartbeaters.values()].map((heartbeater) => ({
        type: 'heartbeater',
        ...heartbeater,
        beats: this.beats(heartbeater.id),
      })),
    ];
    writeFileSync(
      join(directory, 'history.jsonl'),
      lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
    );
    for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  }
}
