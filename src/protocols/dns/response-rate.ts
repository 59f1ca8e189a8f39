import { parseAddress } from './address.ts';

/** `slip`: send only the TC flag, so that a real client asks again over TCP, which nobody can forge. */
export type RateDecision = 'answer' | 'slip' | 'drop';

/** Prefixes share a budget if they meet in this table; its size is what bounds the memory. */
const BUCKETS = 1 << 16;
const IPV4_PREFIX_BYTES = 3;
const IPV6_PREFIX_BYTES = 7;
const LOOPBACK = /^(?:::ffff:)?127\.|^::1$/;

/**
 * Limits UDP answers per second to each prefix, /24 of IPv4 and /56 of IPv6, against amplification.
 *
 * Beyond the limit every second answer slips and the others are dropped. A prefix may save up one second's worth.
 * Loopback is exempt: its source addresses cannot be forged from outside.
 */
export class ResponseRate {
  readonly #perSecond: number;
  readonly #tokens: Float64Array;
  readonly #refilledAtMs = new Float64Array(BUCKETS);
  #refused = 0;

  /** `perSecond` is 1 or more. */
  constructor(perSecond: number) {
    this.#perSecond = perSecond;
    this.#tokens = new Float64Array(BUCKETS).fill(perSecond);
  }

  /** Counts one answer to an address. */
  decide(address: string, nowMs: number): RateDecision {
    if (LOOPBACK.test(address)) return 'answer';
    const bytes = parseAddress(address.replace(/%.*$/, ''));
    if (bytes === undefined) return 'answer';
    const bucket = bucketOf(bytes);
    const elapsedMs = nowMs - (this.#refilledAtMs[bucket] ?? 0);
    const refilled = (this.#tokens[bucket] ?? 0) + (elapsedMs * this.#perSecond) / 1000;
    const tokens = Math.min(this.#perSecond, refilled);
    this.#refilledAtMs[bucket] = nowMs;
    this.#tokens[bucket] = tokens >= 1 ? tokens - 1 : tokens;
    if (tokens >= 1) return 'answer';
    return this.#refused++ % 2 === 0 ? 'slip' : 'drop';
  }
}

/** FNV-1a over the prefix, folded. */
function bucketOf(bytes: Uint8Array): number {
  const length = bytes.length === 4 ? IPV4_PREFIX_BYTES : IPV6_PREFIX_BYTES;
  let hash = 0x811c9dc5;
  for (let at = 0; at < length; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
  return ((hash >>> 16) ^ hash) & (BUCKETS - 1);
}
