import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packagedProgram } from './interop-packages.ts';

/** A program that finds what it scrapes by `consul_sd_configs`. */
export interface Scraper {
  readonly name: string;
  /** Downloads it where it is not there. */
  program(): string;
  /** It listens on `port`, keeps its data in `directory` and writes to `sinkUrl` where it has no storage. */
  args(configPath: string, port: number, directory: string, sinkUrl: string): readonly string[];
  /** Whether its targets carry the aggregated health of the instance. */
  readonly labelsHealth: boolean;
}

export const SCRAPERS: readonly Scraper[] = [
  {
    name: 'Prometheus',
    program: () => packagedProgram('bullseye', 'prometheus', 'prometheus'),
    args: (configPath, port, directory) => [
      `--config.file=${configPath}`,
      `--web.listen-address=127.0.0.1:${String(port)}`,
      `--storage.tsdb.path=${join(directory, 'tsdb')}`,
    ],
    labelsHealth: false,
  },
  {
    name: 'vmagent',
    program: () => packagedProgram('bookworm', 'victoria-metrics', 'vmagent'),
    args: (configPath, port, directory, sinkUrl) => [
      `-promscrape.config=${configPath}`,
      `-httpListenAddr=127.0.0.1:${String(port)}`,
      `-remoteWrite.tmpDataPath=${join(directory, 'queue')}`,
      `-remoteWrite.url=${sinkUrl}`,
      '-promscrape.consulSDCheckInterval=1s',
      '-promscrape.config.strictParse=false',
    ],
    labelsHealth: true,
  },
];

/** Writes a configuration with the job `all` of every service, and `blue` of the instances of `web` so tagged. */
export function writeScrapeConfig(directory: string, consulAddress: string): string {
  const path = join(directory, 'scrape.json');
  const sd = { server: consulAddress, refresh_interval: '1s' };
  const relabel_configs = [{ source_labels: ['__meta_consul_health'], target_label: 'health' }];
  const scrape_configs = [
    { job_name: 'all', consul_sd_configs: [sd], relabel_configs },
    {
      job_name: 'blue',
      consul_sd_configs: [{ ...sd, services: ['web'], tags: ['v1', 'blue'] }],
      relabel_configs,
    },
  ];
  // JSON is YAML too.
  writeFileSync(
    path,
    JSON.stringify({ global: { scrape_interval: '1s', scrape_timeout: '1s' }, scrape_configs }),
  );
  return path;
}

/** What a scraper says about one target. */
export interface Target {
  readonly discoveredLabels: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly health: string;
}

/** The targets of a job by the label that has the id they were found under. */
export async function targetsOf(
  port: number,
  job: string,
  label = '__meta_consul_service_id',
): Promise<Map<string, Target>> {
  const answer = await fetch(`http://127.0.0.1:${String(port)}/api/v1/targets`, {
    signal: AbortSignal.timeout(5000),
  });
  const { data } = (await answer.json()) as { data: { activeTargets: Target[] } };
  const found = data.activeTargets.filter(({ labels }) => labels['job'] === job);
  return new Map(found.map((each) => [each.discoveredLabels[label] ?? '', each]));
}
