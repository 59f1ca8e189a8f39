import type { Row } from './measure.ts';

/** What a figure has to be. */
interface Bar {
  /** `ratio` is of rates or costs, ours / reference; `value` is in the unit of the row. */
  readonly measure: 'ratio' | 'p99Ratio' | 'value';
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** A bar, and whether a row met it. */
export interface Verdict {
  /** Such as `at least 0.85`. */
  readonly bar: string;
  /**
   * `by CPU`: not in requests per second, but in the CPU time that one takes, which is what tells on a machine where
   * other programs are busy.
   */
  readonly met: 'yes' | 'no' | 'by CPU';
}

const ratio = (atLeast: number): Bar => ({ measure: 'ratio', atLeast });
const AS_BARE_LOOKUP: readonly Bar[] = [ratio(0.85), { measure: 'p99Ratio', atMost: 1.5 }];
const value = (atMost: number): Bar => ({ measure: 'value', atMost });

/** All bars there are, in the order of the main table. */
export const BARS = {
  'health-bare': AS_BARE_LOOKUP,
  'kv-bare': AS_BARE_LOOKUP,
  'eureka-bare': AS_BARE_LOOKUP,
  'health-consul': [ratio(5)],
  'kv-consul': [ratio(1.4)],
  'eureka-eureka': [ratio(1.8)],
  'health-two-nodes': [ratio(0.6)],
  'kv-two-nodes': [ratio(0.6)],
  'large-identity': [ratio(0.85)],
  'large-gzip': [ratio(0.85)],
  'heartbeat-bare': [ratio(0.8)],
  'heartbeat-consul': [ratio(10)],
  'register-consul': [ratio(20)],
  'register-eureka': [ratio(2)],
  'put-always-consul': [ratio(5)],
  'put-everysec-consul': [ratio(8)],
  'visible-p50': [value(1)],
  'visible-p99': [value(10)],
  'waiters-answered': [value(300)],
  'waiters-stall': [value(15)],
  'waiters-memory': [value(15)],
  'million-heartbeats': [{ measure: 'value', atLeast: 33_000 }],
  'million-expired': [value(0)],
  'million-lookup-p99': [value(10)],
  'growth-lookup': [{ measure: 'ratio', atMost: 1.2 }],
  resync: [value(1000)],
} as const satisfies Readonly<Record<string, readonly Bar[]>>;

export type BarId = keyof typeof BARS;

/** What the bars of a row say of it; nothing where it has none. */
export function judge(row: Row): Verdict[] {
  const bars: readonly Bar[] = row.bar === undefined ? [] : BARS[row.bar];
  return bars.map((bar) => ({ bar: described(bar, row), met: metBy(bar, row) }));
}

function metBy(bar: Bar, row: Row): Verdict['met'] {
  if (isWithin(bar, row[bar.measure])) return 'yes';
  return bar.measure === 'ratio' && row.kind === 'rate' && isWithin(bar, row.cpuRatio) ? 'by CPU' : 'no';
}

function isWithin({ atLeast = -Infinity, atMost = Infinity }: Bar, measured: number | undefined): boolean {
  return measured !== undefined && measured >= atLeast && measured <= atMost;
}

function described({ measure, atLeast, atMost }: Bar, { unit }: Row): string {
  const bound =
    atLeast === undefined ? `at most ${atMost ?? NaN}` : `at least ${atLeast.toLocaleString('en')}`;
  if (measure === 'value') return unit === '' ? bound : `${bound} ${unit}`;
  return measure === 'p99Ratio' ? `p99 ${bound}` : bound;
}
