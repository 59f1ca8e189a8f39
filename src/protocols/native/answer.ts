import type { Freshness } from '../../registry/index.ts';
import type { RouteResponse } from '../../http/index.ts';

/** A JSON answer from memory, labelled with how old that memory is (RFC 9111 `Age`, in seconds). */
export function json(value: unknown, freshness: Freshness): RouteResponse {
  return {
    status: 200,
    headers: {
      'Content-Type': 'application/json',
      'Rollcall-Age-Ms': String(freshness.ageMs),
      'Rollcall-Store-Known': String(freshness.knownLeader),
    },
    body: `${JSON.stringify(value)}\n`,
  };
}
