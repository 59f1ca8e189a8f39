import {
  buildRing,
  checkPolicy,
  pureHashes,
  ZonedRing,
  type Member,
  type Ring,
  type RingPolicy,
} from '../core/ring/index.ts';
import type { Instance } from './types.ts';

/** An instance as a member of its service's ring. */
export interface LocalMember extends Member {
  /** Names the member on the ring: its node in lower case, a NUL and its id there. */
  readonly id: string;
  readonly node: string;
  /** Its id on its node. */
  readonly instanceId: string;
  readonly address: string;
  readonly port: number;
  /** '' where it is in none. */
  readonly zone: string;
}

export interface LocalLookup {
  /** Whether a member may be answered; default: all may, for the ring does not know of health. */
  readonly isAvailable?: (member: LocalMember) => boolean;
  /** Members of this zone first. */
  readonly zone?: string;
}

/** Asks a registry node for JSON within a deadline; `signal` gives up earlier. */
export type AskForRing = (path: string, timeoutMs: number, signal: AbortSignal) => Promise<unknown>;

const WAIT_S = 60;
const ANSWER_WITHIN_MS = 15_000;
const PAUSE_MS = { first: 100, most: 10_000 };

interface RingMemberJson extends Instance {
  readonly hashKey: string;
  readonly weight: number;
  readonly zone?: string;
}

interface RingJson {
  readonly isFull: boolean;
  readonly revision: number;
  readonly digest: string;
  readonly policy: RingPolicy;
  readonly members?: readonly RingMemberJson[];
  readonly added?: readonly RingMemberJson[];
  readonly removed?: readonly RingMemberJson[];
  readonly changed?: readonly RingMemberJson[];
}

interface Held {
  readonly revision: number;
  readonly zoned: ZonedRing<LocalMember>;
}

/**
 * A service's ring that follows the registry's and answers in this process, in well under a microsecond.
 *
 * Each change is checked by its digest; where that differs the whole ring is fetched anew. While no registry node
 * answers, lookups go on with the ring there is.
 */
export class LocalRing {
  readonly #path: string;
  readonly #ask: AskForRing;
  readonly #closing = new AbortController();
  #held: Held;
  #following: Promise<void> = Promise.resolve();

  private constructor(path: string, ask: AskForRing, held: Held) {
    this.#path = path;
    this.#ask = ask;
    this.#held = held;
  }

  /** Fetches the ring and begins to follow it. Rejects as `ask` does, and for a ring that cannot be computed here. */
  static async open(service: string, ask: AskForRing): Promise<LocalRing> {
    const path = `/api/v1/services/${encodeURIComponent(service)}/ring`;
    const signal = new AbortController().signal;
    const held = whole((await ask(path, ANSWER_WITHIN_MS, signal)) as RingJson);
    const ring = new LocalRing(path, ask, held);
    ring.#following = ring.#follow();
    return ring;
  }

  /** Revision of the ring's last change that is known here. */
  get revision(): number {
    return this.#held.revision;
  }

  /** Equal digests mean equal placement. */
  get digest(): string {
    return this.#ring.digest;
  }

  get members(): readonly LocalMember[] {
    return this.#ring.members;
  }

  /** The first available member for a key; undefined when there is none. */
  owner(key: string, lookup: LocalLookup = {}): LocalMember | undefined {
    return lookup.zone === undefined
      ? this.#ring.owner(key, lookup.isAvailable)
      : this.preferenceList(key, 1, lookup)[0];
  }

  /** The first `count` distinct available members for a key, the owner first. */
  preferenceList(key: string, count: number, { isAvailable, zone }: LocalLookup = {}): LocalMember[] {
    if (zone === undefined) return this.#ring.preferenceList(key, count, isAvailable);
    const available = isAvailable === undefined ? {} : { isAvailable };
    return this.#held.zoned.preferenceList(key, count, { localZone: zone, ...available });
  }

  /** Stops following; the ring stays as it is. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#following;
  }

  get #ring(): Ring<LocalMember> {
    return this.#held.zoned.ring;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#closing;
    let pauseMs = 0;
    while (!signal.aborted) {
      try {
        await this.#step(signal);
        pauseMs = 0;
      } catch {
        // Whatever it was, the ring there is goes on answering, and the next try may find another node.
        pauseMs = Math.min(PAUSE_MS.most, Math.max(PAUSE_MS.first, pauseMs * 2));
        await pause(pauseMs, signal);
      }
    }
  }

  async #step(signal: AbortSignal): Promise<void> {
    const since = String(this.#held.revision);
    const path = `${this.#path}?since=${since}&wait=${String(WAIT_S)}s&ranges=0`;
    const news = (await this.#ask(path, WAIT_S * 1000 + ANSWER_WITHIN_MS, signal)) as RingJson;
    if (news.isFull) this.#held = whole(news);
    else if (news.revision !== this.#held.revision) {
      const next = changed(this.#ring, news);
      if (next.digest !== news.digest)
        this.#held = whole((await this.#ask(this.#path, ANSWER_WITHIN_MS, signal)) as RingJson);
      else this.#held = heldAs(news.revision, next);
    }
  }
}

/** Throws where the digest is not what the registry says, which means another version of the library. */
function whole({ revision, digest, policy, members = [] }: RingJson): Held {
  checkPolicy(policy);
  const ring = buildRing(members.map(memberOf), policy, pureHashes);
  if (ring.digest !== digest) throw new Error(`the ring has digest ${ring.digest} here, ${digest} there`);
  return heldAs(revision, ring);
}

function heldAs(revision: number, ring: Ring<LocalMember>): Held {
  return { revision, zoned: new ZonedRing(ring, ({ zone }) => zone) };
}

function changed(ring: Ring<LocalMember>, news: RingJson): Ring<LocalMember> {
  const { added = [], removed = [], changed: altered = [], policy } = news;
  const put = [...added, ...altered].map(memberOf);
  const remove = removed.map(memberOf).map(({ id }) => id);
  if (JSON.stringify(policy) === JSON.stringify(ring.policy)) return ring.with({ put, remove });
  const members = new Map(ring.members.map((member) => [member.id, member]));
  for (const id of remove) members.delete(id);
  for (const member of put) members.set(member.id, member);
  return buildRing([...members.values()], policy, pureHashes);
}

function memberOf({ id, node, hashKey, weight, zone = '', address, port }: RingMemberJson): LocalMember {
  return { id: `${node}\0${id}`, instanceId: id, node, hashKey, weight, zone, address, port };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}
