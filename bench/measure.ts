import type { BarId } from './bars.ts';

/** What one round of load on one server found. */
export interface Sample {
  /** Requests, queries or calls per second. */
  readonly perSecond: number;
  /** 99th percentile of the time to answer; undefined where the generator does not tell. */
  readonly p99Ms: number | undefined;
  /** CPU time of the server's process per request; undefined where the system does not tell. */
  readonly cpuMicros: number | undefined;
}

/** One row of the report. */
export interface Row {
  readonly group: string;
  readonly name: string;
  /** What it is held to, where anything. */
  readonly bar?: BarId | undefined;
  /** `rate`: higher is better, and `ratio` is ours / reference. `cost`: lower is better, same ratio. */
  readonly kind: 'rate' | 'cost';
  /** Of a series: how large what was measured is, such as the services of a catalog. */
  readonly size?: number | undefined;
  /** Of `value`, such as `req/s`, `ns` or `MB`. */
  readonly unit: string;
  /** How many rounds counted. */
  readonly rounds: number;
  readonly value: number;
  /** What there is nothing to compare with has no reference. */
  readonly referenceName?: string | undefined;
  readonly referenceValue?: number | undefined;
  /** Median of the rounds' own ratios, which noise that lasts longer than a round leaves alone. */
  readonly ratio?: number | undefined;
  /** Rates only: CPU time of the reference per request / ours, so 1 is as cheap as the reference. */
  readonly cpuRatio?: number | undefined;
  readonly cpuMicros?: number | undefined;
  readonly referenceCpuMicros?: number | undefined;
  readonly p99Ms?: number | undefined;
  readonly referenceP99Ms?: number | undefined;
  /** Rates only: median of the rounds' own ratios of ours / reference. */
  readonly p99Ratio?: number | undefined;
}

/** Middle of a list that is not empty, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const high = sorted[Math.floor(sorted.length / 2)];
  const low = sorted[Math.ceil(sorted.length / 2) - 1];
  if (high === undefined || low === undefined) throw new RangeError('the median of nothing');
  return (high + low) / 2;
}

interface Contest {
  readonly group: string;
  readonly name: string;
  readonly bar?: BarId | undefined;
  readonly unit: string;
  readonly referenceName: string;
  readonly rounds: number;
  /** Runs one round; told which one, from 0. */
  readonly ours: (round: number) => Promise<Sample>;
  readonly reference: (round: number) => Promise<Sample>;
}

/**
 * Lets ours and its reference run in turns, after one round each that does not count.
 *
 * A round in which either of them answered nothing at all says nothing about the other one: it is left
 * out, and reported.
 */
export async function compareRates(contest: Contest): Promise<Row> {
  const { group, name, bar, unit, referenceName, rounds } = contest;
  await contest.ours(0);
  await contest.reference(0);
  const pairs: { readonly ours: Sample; readonly reference: Sample }[] = [];
  for (let round = 1; round <= rounds; round++) {
    const pair = { ours: await contest.ours(round), reference: await contest.reference(round) };
    if (pair.ours.perSecond > 0 && pair.reference.perSecond > 0) pairs.push(pair);
    else console.error(`${group}, ${name}: round ${round} is left out, for nothing was answered in it`, pair);
  }
  if (pairs.length === 0) throw new Error(`${group}, ${name}: nothing was answered`);
  const ours = pairs.map((pair) => pair.ours);
  const reference = pairs.map((pair) => pair.reference);
  return {
    group,
    name,
    bar,
    kind: 'rate',
    unit,
    rounds: pairs.length,
    value: median(ours.map((sample) => sample.perSecond)),
    referenceName,
    referenceValue: median(reference.map((sample) => sample.perSecond)),
    ratio: median(pairs.map((pair) => pair.ours.perSecond / pair.reference.perSecond)),
    cpuRatio: medianOf(pairs.map((pair) => quotient(pair.reference.cpuMicros, pair.ours.cpuMicros))),
    cpuMicros: medianOf(ours.map((sample) => sample.cpuMicros)),
    referenceCpuMicros: medianOf(reference.map((sample) => sample.cpuMicros)),
    p99Ms: medianOf(ours.map((sample) => sample.p99Ms)),
    referenceP99Ms: medianOf(reference.map((sample) => sample.p99Ms)),
    p99Ratio: medianOf(pairs.map((pair) => quotient(pair.ours.p99Ms, pair.reference.p99Ms))),
  };
}

/** Compares costs that were measured in turns, one pair per round. */
export function compareCosts(
  row: Pick<Row, 'group' | 'name' | 'unit' | 'referenceName' | 'bar'>,
  ours: readonly number[],
  reference: readonly number[],
): Row {
  const ratio = median(ours.map((cost, i) => cost / (reference[i] ?? NaN)));
  return {
    ...row,
    kind: 'cost',
    rounds: ours.length,
    value: median(ours),
    referenceValue: median(reference),
    // Nothing is no multiple of nothing.
    ...(Number.isFinite(ratio) && { ratio }),
  };
}

/** A figure that stands alone. */
export function fact(row: Pick<Row, 'group' | 'name' | 'unit' | 'bar' | 'kind' | 'value'>): Row {
  return { ...row, rounds: 1 };
}

function quotient(dividend: number | undefined, divisor: number | undefined): number | undefined {
  return dividend === undefined || divisor === undefined ? undefined : dividend / divisor;
}

function medianOf(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : median(known);
}
