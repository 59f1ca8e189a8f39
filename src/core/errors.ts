/**
 * Every way the registry refuses, by code: the HTTP status of the native API and what it means.
 *
 * Dialects translate codes into their own words; `docs/errors.md` explains each to users.
 */
export const ERROR_CODES = {
  invalid_request: { status: 400, title: 'The request is malformed' },
  service_not_found: { status: 404, title: 'No such service' },
  instance_not_found: { status: 404, title: 'No such instance' },
  check_not_found: { status: 404, title: 'No such check' },
  check_not_renewable: { status: 409, title: 'The check has no lease that a heartbeat could renew' },
  check_critical: { status: 409, title: 'The check is critical' },
  lease_not_found: { status: 404, title: 'No such lease' },
  session_not_found: { status: 404, title: 'No such session' },
  query_not_found: { status: 404, title: 'No such prepared query' },
  query_name_taken: { status: 409, title: 'The name belongs to another prepared query' },
  condition_failed: { status: 409, title: 'A condition of the request does not hold' },
  revision_mismatch: { status: 412, title: 'The resource is at another revision' },
  ring_changed: { status: 409, title: 'The ring is not the one that was previewed' },
  policy_not_applicable: { status: 409, title: 'The policy cannot place the instances of the service' },
  node_not_found: { status: 404, title: 'No such node' },
  node_name_taken: { status: 409, title: 'The node name belongs to another node' },
  no_available_owner: { status: 503, title: 'No instance of the service is available' },
  route_not_found: { status: 404, title: 'No such resource' },
  method_not_allowed: { status: 405, title: 'The resource does not have this method' },
  forbidden: { status: 403, title: 'The caller may not do this' },
  failover_refused: { status: 409, title: 'A planned failover cannot be done now' },
  payload_too_large: { status: 413, title: 'The request body is too large' },
  overloaded: { status: 503, title: 'Too many registrations at once; try again later' },
  too_many_requests: { status: 429, title: 'Too many requests are open' },
  aborted: { status: 409, title: 'Too many concurrent changes; try again' },
  not_ready: { status: 503, title: 'This node has not loaded the catalog yet' },
  store_unavailable: { status: 503, title: 'The store cannot be reached; nothing was changed' },
  outcome_unknown: { status: 503, title: 'The store did not answer; the change may or may not be applied' },
  internal: { status: 500, title: 'The registry failed; its log says more' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** A refusal with a code; `message` is the detail, fit for the caller to read. */
export class RollcallError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, detail?: string) {
    super(detail ?? ERROR_CODES[code].title);
    this.name = 'RollcallError';
    this.code = code;
  }
}
