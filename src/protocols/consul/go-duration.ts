/** A text that is no duration; `message` is worded as Go's `time.ParseDuration` does. */
export class DurationError extends Error {}

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  '\u00b5s': 1e-3,
  '\u03bcs': 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
/** Go counts nanoseconds in 63 bits. */
const MAX_MS = 2 ** 63 / 1e6;

/** A Go duration such as `1m30s` or `-1.5h` in ms. Throws `DurationError`. */
export function parseGoDuration(text: string): number {
  const [, sign, rest = ''] = /^([-+]?)(.*)$/s.exec(text) ?? [];
  if (rest === '0') return 0;
  let ms = 0;
  let at = 0;
  for (const { 0: part, 1: amount = '', 2: unit = '', index } of rest.matchAll(
    /(\d+\.?\d*|\.\d+)([^\d.]*)/g,
  )) {
    if (index !== at) break;
    if (unit === '') throw new DurationError(`time: missing unit in duration ${JSON.stringify(text)}`);
    const unitMs = Object.hasOwn(UNIT_MS, unit) ? UNIT_MS[unit] : undefined;
    if (unitMs === undefined) {
      throw new DurationError(
        `time: unknown unit ${JSON.stringify(unit)} in duration ${JSON.stringify(text)}`,
      );
    }
    ms += Number(amount) * unitMs;
    at += part.length;
  }
  if (rest === '' || at !== rest.length || ms >= MAX_MS) {
    throw new DurationError(`time: invalid duration ${JSON.stringify(text)}`);
  }
  return sign === '-' ? -ms : ms;
}

/** Ms as Go prints a duration: `0s`, `1.5ms`, `1m0s`. */
export function formatGoDuration(ms: number): string {
  const sign = ms < 0 ? '-' : '';
  const ns = Math.round(Math.abs(ms) * 1e6);
  if (ns === 0) return '0s';
  if (ns < 1e3) return `${sign}${String(ns)}ns`;
  if (ns < 1e6) return `${sign}${String(ns / 1e3)}\u00b5s`;
  if (ns < 1e9) return `${sign}${String(ns / 1e6)}ms`;
  const hours = Math.floor(ns / 3.6e12);
  const minutes = Math.floor((ns % 3.6e12) / 6e10);
  const seconds = (ns % 6e10) / 1e9;
  const upToMinutes =
    hours > 0 ? `${String(hours)}h${String(minutes)}m` : minutes > 0 ? `${String(minutes)}m` : '';
  return `${sign}${upToMinutes}${String(seconds)}s`;
}
