import type { Metric, Registry } from 'prom-client';

const REQUESTS = 'rollcall_http_requests_total';
const SECONDS = 'rollcall_http_request_seconds';
const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1, 10, 60, 600];

/** A sample as prom-client prints it. */
interface Sample {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** What was counted of one dialect. */
interface Counts {
  /** Answers by status code. */
  readonly answers: Map<number, number>;
  /** Answers in each bucket alone, and above all of them. */
  readonly buckets: Float64Array;
  seconds: number;
}

/**
 * Counts answers and how long they took, in a few dozen nanoseconds each; adding up is left to the scrape.
 *
 * prom-client's own counter and histogram cost a tenth of a lookup.
 */
export class HttpCounts {
  readonly #byDialect = new Map<string, Counts>();

  count(dialect: string, status: number, seconds: number): void {
    let counts = this.#byDialect.get(dialect);
    if (counts === undefined) {
      counts = { answers: new Map(), buckets: new Float64Array(BUCKETS.length + 1), seconds: 0 };
      this.#byDialect.set(dialect, counts);
    }
    counts.answers.set(status, (counts.answers.get(status) ?? 0) + 1);
    counts.seconds += seconds;
    let bucket = 0;
    while (bucket < BUCKETS.length && seconds > (BUCKETS[bucket] ?? 0)) bucket++;
    counts.buckets[bucket] = (counts.buckets[bucket] ?? 0) + 1;
  }

  /** Shows what was counted on a metrics page. */
  register(registry: Registry): void {
    const requests = 'HTTP requests answered, by dialect and status.';
    const seconds = 'Time from request to answer; blocked reads included.';
    registry.registerMetric(metric('counter', REQUESTS, requests, () => this.#answers()));
    registry.registerMetric(metric('histogram', SECONDS, seconds, () => this.#durations()));
  }

  #answers(): Sample[] {
    return [...this.#byDialect].flatMap(([dialect, { answers }]) =>
      [...answers].map(([status, value]) => {
        return { metricName: REQUESTS, labels: { dialect, status: String(status) }, value };
      }),
    );
  }

  #durations(): Sample[] {
    return [...this.#byDialect].flatMap(([dialect, { buckets, seconds }]) => {
      let below = 0;
      const samples = [...buckets].map((inBucket, i) => {
        below += inBucket;
        return {
          metricName: `${SECONDS}_bucket`,
          labels: { le: BUCKETS[i] ?? '+Inf', dialect },
          value: below,
        };
      });
      return [
        ...samples,
        { metricName: `${SECONDS}_sum`, labels: { dialect }, value: seconds },
        { metricName: `${SECONDS}_count`, labels: { dialect }, value: below },
      ];
    });
  }
}

/** A metric whose values are made for each scrape; prom-client asks no more of one than this. */
function metric(type: string, name: string, help: string, values: () => Sample[]): Metric {
  const get = () => Promise.resolve({ name, help, type, aggregator: 'sum', values: values() });
  return { name, help, type, aggregator: 'sum', get, reset: () => undefined } as unknown as Metric;
}
