import { RollcallError } from '../../core/index.ts';

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };
const MAX_WAIT_MS = 600_000;

/** An integer of a query; throws `invalid_request` naming it. */
export function integerOf(
  query: URLSearchParams,
  name: string,
  [from, to]: readonly [number, number],
  missing: number,
): number {
  const text = query.get(name);
  if (text === null) return missing;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= from && value <= to) return value;
  throw new RollcallError('invalid_request', `"${name}" must be an integer from ${from} to ${to}`);
}

/** Whether a flag is set: named without a value, or `true`. Throws `invalid_request` for anything but a flag. */
export function flagOf(query: URLSearchParams, name: string): boolean {
  const text = query.get(name);
  if (text === null || text === 'false') return false;
  if (text === '' || text === 'true') return true;
  throw new RollcallError('invalid_request', `"${name}" must be "true" or "false"`);
}

/** How long to wait for a change, such as `30s`, `500ms` or `5m`; 0 where nothing is said, at most ten minutes. */
export function waitMsOf(query: URLSearchParams): number {
  const text = query.get('wait');
  if (text === null) return 0;
  const [, digits, unit = ''] = /^(\d{1,6})(ms|s|m)$/.exec(text) ?? [];
  const waitMs = Number(digits) * (UNIT_MS[unit] ?? Number.NaN);
  if (Number.isFinite(waitMs)) return Math.min(waitMs, MAX_WAIT_MS);
  throw new RollcallError('invalid_request', '"wait" must be a duration such as 30s, 500ms or 5m');
}

/** A body that is JSON; throws `invalid_request`. */
export function jsonBody(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    throw new RollcallError('invalid_request', 'The body is not JSON');
  }
}

/** The fields of an object; throws `invalid_request` for anything else and for a field that is not known. */
export function fieldsOf(
  value: unknown,
  known: readonly string[],
  what = 'The body',
): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new RollcallError('invalid_request', `${what} must be a JSON object`);
  const unknown = Object.keys(value).find((name) => !known.includes(name));
  if (unknown === undefined) return value as Readonly<Record<string, unknown>>;
  throw new RollcallError('invalid_request', `${what} has an unknown field "${unknown.slice(0, 100)}"`);
}
