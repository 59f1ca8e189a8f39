import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import { HttpCounts } from './http-counts.ts';

/** Names and help texts of gauges whose value is asked for at each scrape. */
export type GaugeSource = Readonly<Record<string, { readonly help: string; readonly value: () => number }>>;

/** The same of gauges with one label, whose values are asked for by its values. */
export type LabelledGaugeSource = Readonly<
  Record<
    string,
    { readonly help: string; readonly label: string; readonly values: () => ReadonlyMap<string, number> }
  >
>;

/** One series of a family: its value at this moment. */
export interface MetricSample {
  /** The family's name, or that and `_sum`, `_count` or `_bucket`. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

export interface MetricFamily {
  readonly name: string;
  readonly type: string;
  readonly samples: readonly MetricSample[];
}

/** What the process counts, as Prometheus reads it. */
export interface Metrics {
  readonly httpAnswered: (dialect: string, status: number, seconds: number) => void;
  readonly dns: {
    onAnswered(type: string, rcode: string, transport: string): void;
    onDropped(reason: string, transport: string): void;
  };
  /** Told of every change that an old Eureka server answered. */
  readonly eurekaReplicated: (peer: string, action: string, statusCode: number) => void;
  /** Adds gauges that are read at each scrape. */
  observe(gauges: GaugeSource): void;
  /** As `observe`, with a label. */
  observeLabelled(gauges: LabelledGaugeSource): void;
  /** The metrics page. */
  page(): Promise<{ readonly text: string; readonly contentType: string }>;
  /** The same as values. */
  families(): Promise<readonly MetricFamily[]>;
}

export function createMetrics(labels: Readonly<Record<string, string>> = {}): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels(labels);
  collectDefaultMetrics({ register: registry });
  const http = new HttpCounts();
  http.register(registry);
  const dnsAnswered = countDnsAnswers(registry);
  const drops = new Counter({
    name: 'rollcall_dns_dropped_total',
    help: 'DNS packets that were not answered, by reason.',
    labelNames: ['reason', 'transport'],
    registers: [registry],
  });
  const replicated = new Counter({
    name: 'rollcall_eureka_replicated_total',
    help: 'Changes that old Eureka servers were told of, by what they answered.',
    labelNames: ['peer', 'action', 'status'],
    registers: [registry],
  });
  return {
    httpAnswered: (dialect, status, seconds) => {
      http.count(dialect, status, seconds);
    },
    dns: {
      onAnswered: dnsAnswered,
      onDropped: (reason, transport) => {
        drops.inc({ reason, transport });
      },
    },
    eurekaReplicated: (peer, action, statusCode) => {
      replicated.inc({ peer, action, status: String(statusCode) });
    },
    observe: (gauges) => observeGauges(registry, gauges),
    observeLabelled: (gauges) => observeLabelled(registry, gauges),
    families: () => familiesOf(registry),
    page: async () => ({ text: await registry.metrics(), contentType: registry.contentType }),
  };
}

async function familiesOf(registry: Registry): Promise<readonly MetricFamily[]> {
  // The declared type leaves out what a histogram adds.
  const families = (await registry.getMetricsAsJSON()) as unknown as readonly {
    readonly name: string;
    readonly type: string;
    readonly values: readonly {
      readonly metricName?: string;
      readonly labels: Record<string, string | number>;
      readonly value: number;
    }[];
  }[];
  return families.map(({ name, type, values }) => ({
    name,
    type,
    samples: values.map(({ metricName, labels, value }) => ({ name: metricName ?? name, labels, value })),
  }));
}

function observeLabelled(registry: Registry, gauges: LabelledGaugeSource): void {
  for (const [name, { help, label, values }] of Object.entries(gauges))
    new Gauge({
      name,
      help,
      labelNames: [label],
      registers: [registry],
      collect() {
        this.reset();
        for (const [of, value] of values()) this.set({ [label]: of }, value);
      },
    });
}

function observeGauges(registry: Registry, gauges: GaugeSource): void {
  for (const [name, { help, value }] of Object.entries(gauges)) observeGauge(registry, name, help, value);
}

/** Counts until the next scrape by itself: a counter's own lookup takes as long as a tenth of an answer. */
function countDnsAnswers(registry: Registry): Metrics['dns']['onAnswered'] {
  const answered = new Map<string, number>();
  new Counter({
    name: 'rollcall_dns_questions_total',
    help: 'DNS questions answered, by type and response code.',
    labelNames: ['type', 'rcode', 'transport'],
    registers: [registry],
    collect() {
      for (const [labels, count] of answered) {
        const [type = '', rcode = '', transport = ''] = labels.split(' ');
        this.inc({ type, rcode, transport }, count);
      }
      answered.clear();
    },
  });
  return (type, rcode, transport) => {
    const labels = `${type} ${rcode} ${transport}`;
    answered.set(labels, (answered.get(labels) ?? 0) + 1);
  };
}

/** A name that ends in `_total` is that of a counter. */
function observeGauge(registry: Registry, name: string, help: string, value: () => number): void {
  if (name.endsWith('_total')) {
    new Counter({
      name,
      help,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(value());
      },
    });
    return;
  }
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(value());
    },
  });
}
