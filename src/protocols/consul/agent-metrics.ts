import type { Route, RouteResponse } from '../../http/index.ts';
import type { MetricFamily, MetricSample } from '../../platform/metrics.ts';
import { isPretty, jsonAnswer, plainText } from './answers.ts';
import { get, type ConsulContext } from './context.ts';
import type { GoStruct } from './go-json.ts';

/**
 * What the process counts, in Consul's JSON form or as Prometheus reads it.
 *
 * The names are this registry's own. Counters and histograms are totals since the process started, where Consul shows
 * its last ten seconds.
 */
export function agentMetricsRoutes({ options }: ConsulContext): Route[] {
  const { metrics, clock } = options;
  return [
    get('/v1/agent/metrics', async (request): Promise<RouteResponse> => {
      if (request.query.get('format') === 'prometheus') {
        if (metrics === undefined)
          return plainText(415, 'Prometheus is not enabled since its retention time is not positive');
        const { text, contentType } = await metrics.page();
        return plainText(200, text, { 'Content-Type': contentType });
      }
      return jsonAnswer(metricsShape(clock.now(), (await metrics?.families()) ?? []), isPretty(request));
    }),
  ];
}

function metricsShape(nowMs: number, families: readonly MetricFamily[]): GoStruct {
  const of = (...types: string[]) =>
    families.filter(({ type }) => types.includes(type)).sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    Timestamp: `${new Date(nowMs).toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`,
    Gauges: of('gauge').flatMap(({ name, samples }) =>
      samples.map((sample) => ({ Name: name, Value: finite(sample.value), Labels: labels(sample) })),
    ),
    Points: [],
    Counters: of('counter').flatMap(({ name, samples }) =>
      samples.map((sample) => sampled(name, sample.value, sample.value, labels(sample))),
    ),
    Samples: of('histogram', 'summary').flatMap(histogram),
  };
}

/** One entry for each set of labels that a histogram has a count for. */
function histogram({ name, samples }: MetricFamily): GoStruct[] {
  const sums = new Map(
    samples
      .filter((each) => each.name === `${name}_sum`)
      .map((each) => [JSON.stringify(each.labels), each.value]),
  );
  return samples
    .filter((each) => each.name === `${name}_count`)
    .map((each) => sampled(name, each.value, sums.get(JSON.stringify(each.labels)) ?? 0, labels(each)));
}

function sampled(Name: string, Count: number, Sum: number, Labels: ReadonlyMap<string, string>): GoStruct {
  const Mean = Count === 0 ? 0 : Sum / Count;
  return { Name, Count, Rate: 0, Sum, Min: 0, Max: 0, Mean, Stddev: 0, Labels };
}

function labels(sample: MetricSample): ReadonlyMap<string, string> {
  return new Map(Object.entries(sample.labels).map(([name, value]) => [name, String(value)]));
}

/** JSON has no NaN and no infinity. */
function finite(value: number): number {
  return Number.isFinite(value) ? value : 0;
}
