import type { Revision } from '../core/index.ts';
import type { Clock } from '../platform/clock.ts';
import type { Registry } from '../registry/index.ts';

/** How long the deletion of a configuration key is remembered. */
const TOMBSTONE_TTL_MS = 15 * 60_000;
const REAP_BATCH = 500;

/** Forgets deletions of configuration keys that are old. */
export class TombstoneReaper {
  readonly #registry: Registry;
  readonly #clock: Clock;
  /** Revisions by the time they were current, oldest first; the first one may be older than the TTL. */
  #samples: { readonly atMs: number; readonly revision: Revision }[] = [];

  constructor(registry: Registry, clock: Clock) {
    this.#registry = registry;
    this.#clock = clock;
  }

  /** Notes the revision of this moment; to be called each minute, on every node. */
  sample(): void {
    const now = this.#clock.monotonic();
    this.#samples.push({ atMs: now, revision: this.#registry.state.revision });
    const young = this.#samples.findIndex(({ atMs }) => now - atMs < TOMBSTONE_TTL_MS);
    this.#samples = this.#samples.slice(Math.max(0, young - 1));
  }

  /** Says how many were forgotten; '' where none was old enough. Throws what a commit throws. */
  async run(signal: AbortSignal): Promise<string> {
    const [oldest] = this.#samples;
    if (oldest === undefined || this.#clock.monotonic() - oldest.atMs < TOMBSTONE_TTL_MS) return '';
    let reaped = 0;
    for (let batch = REAP_BATCH; batch === REAP_BATCH && !signal.aborted; reaped += batch)
      batch = await this.#registry.kv.reapTombstones(oldest.revision, REAP_BATCH);
    return reaped === 0 ? '' : `${String(reaped)} old deletions forgotten`;
  }
}
