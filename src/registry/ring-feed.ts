import { topics, type Revision, type StateCommit } from '../core/index.ts';
import type { View } from '../view/view.ts';
import type { ServiceRing } from './ring-build.ts';
import type { RingDelta } from './ring-history.ts';
import type { Rings } from './rings.ts';

/** A ring for somebody who knows an earlier revision of it. */
export interface RingNews {
  readonly ring: ServiceRing;
  /** What changed since the revision that is known; undefined: nobody can tell, or none is known. */
  readonly delta: RingDelta | undefined;
}

/** Changes of a ring that come within this time are told as one. */
const GATHER_MS = 20;
/** Listeners told before others get their turn. */
const SLICE = 100;

/** Tells listeners when the ring of a service is another, at most every 20 ms. */
export class RingFeed {
  readonly #rings: Rings;
  readonly #service: string;
  readonly #listeners = new Set<() => void>();
  readonly #unfollow: () => void;
  #current: ServiceRing | undefined;
  #isPending = false;
  /** How often there was reason to tell. */
  #reasons = 0;

  constructor({ rings, view }: { readonly rings: Rings; readonly view: View }, service: string) {
    this.#rings = rings;
    this.#service = service;
    const topic = topics.ring(service);
    const concerns = (commits: readonly StateCommit[]) =>
      commits.length === 0 || commits.some(({ touches }) => touches.includes(topic));
    this.#unfollow = view.onCommits((commits) => {
      if (concerns(commits)) this.#gather();
    });
    this.#gather();
  }

  /** Listeners there are. */
  get size(): number {
    return this.#listeners.size;
  }

  /** Of the ring there is to tell of; undefined while none is known. */
  get revision(): Revision | undefined {
    return this.#current?.revision;
  }

  /** Calls `listener` whenever there may be news; returns how to stop. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Stops following; nobody listens any more. */
  close(): void {
    this.#unfollow();
  }

  /** What somebody who knows a revision has not been told; undefined where that is nothing. */
  newsSince(known: Revision | undefined): RingNews | undefined {
    const ring = this.#current;
    if (ring === undefined || ring.revision === known) return undefined;
    const isAhead = known === undefined || known > ring.revision;
    const { membership } = this.#rings.tracked(this.#service);
    return { ring, delta: isAhead ? undefined : membership.between(known, ring.revision) };
  }

  #gather(): void {
    this.#reasons++;
    if (this.#isPending) return;
    this.#isPending = true;
    setTimeout(() => void this.#tell(), GATHER_MS);
  }

  async #tell(): Promise<void> {
    const reasons = this.#reasons;
    try {
      this.#current = await this.#rings.tracked(this.#service).current();
      await this.#tellAll();
    } catch {
      // Members that the policy cannot place: there is no ring to tell of until they or the policy change.
    } finally {
      this.#isPending = false;
    }
    if (this.#reasons > reasons && this.#listeners.size > 0) this.#gather();
  }

  async #tellAll(): Promise<void> {
    const listeners = [...this.#listeners];
    for (let from = 0; from < listeners.length; from += SLICE) {
      for (const listener of listeners.slice(from, from + SLICE)) listener();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
