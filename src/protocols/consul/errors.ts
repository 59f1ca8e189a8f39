import { RollcallError, type ErrorCode } from '../../core/index.ts';
import {
  BodyTooLargeError,
  BodyUnreadableError,
  type RouteRequest,
  type RouteResponse,
} from '../../http/index.ts';
import { plainText } from './answers.ts';
import { DecodeError } from './go-decode.ts';

/** A refusal in Consul's own words. */
export class ConsulError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'ConsulError';
    this.status = status;
  }
}

export function badRequest(message: string): ConsulError {
  return new ConsulError(400, message);
}

const OPTIONS_URL = 'https://www.consul.io/docs/agent/options.html';
const NO_LEADER = 'No cluster leader';

/** Whatever a handler threw, as Consul spells it; an unexpected error says nothing of itself. */
export function failureOf(error: unknown, request?: Pick<RouteRequest, 'path'>): RouteResponse {
  if (error instanceof ConsulError) return plainText(error.status, error.message);
  if (error instanceof DecodeError) return plainText(400, `Request decode failed: ${error.message}`);
  if (error instanceof RollcallError) return refusalOf(error);
  if (error instanceof BodyTooLargeError) {
    const option = request?.path === '/v1/txn' ? 'txn_max_req_len' : 'kv_max_value_size';
    return plainText(413, `${error.message} See ${OPTIONS_URL}#${option}.`);
  }
  if (error instanceof BodyUnreadableError) return plainText(400, error.message);
  if (error instanceof URIError) return plainText(400, '400 Bad Request');
  return plainText(500, 'Internal error; see the log of the registry');
}

function refusalOf({ code, message }: RollcallError): RouteResponse {
  switch (code) {
    case 'not_ready':
    case 'store_unavailable':
      return plainText(500, NO_LEADER);
    case 'outcome_unknown': {
      const response = plainText(500, message);
      return { ...response, headers: { ...response.headers, 'X-Rollcall-Outcome': 'unknown' } };
    }
    case 'too_many_requests':
      return plainText(429, message);
    default:
      return plainText(500, message);
  }
}

/**
 * Spells some refusals of a registry call in the words of one endpoint; passes on all others.
 *
 * The words are made where the call is refused, because the stack of an error costs more than a heartbeat.
 */
export async function respelled<T>(
  call: Promise<T>,
  words: Partial<Record<ErrorCode, () => ConsulError>>,
): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw (error instanceof RollcallError ? words[error.code]?.() : undefined) ?? error;
  }
}

/** For removals that succeed when there is nothing to remove. */
export async function unlessMissing(call: Promise<void>, missing: ErrorCode): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof RollcallError) || error.code !== missing) throw error;
  }
}
