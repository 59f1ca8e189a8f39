import { expect } from 'chai';
import { eventually } from '../support/eventually.ts';
import {
  SCRAPERS,
  targetsOf,
  writeScrapeConfig,
  type Scraper,
  type Target,
} from '../support/interop-scraper.ts';
import {
  cleanUp,
  startRollcall,
  temporaryDirectory,
  type RollcallProcess,
} from '../support/rollcall-process.ts';
import { freePort } from './dns-consul-server.ts';
import {
  deregister,
  setStatus,
  startBackend,
  startProgram,
  type Backend,
  type Program,
} from './dns-programs.ts';

const FOLLOWS_WITHIN_MS = 40_000;

describe('interop: scrapers with consul_sd_configs', function () {
  this.timeout(180_000);
  let rollcall: RollcallProcess;
  let scraper: Program | undefined;
  const backends: Backend[] = [];

  beforeEach(async () => {
    rollcall = await startRollcall({
      DATA_DIR: await temporaryDirectory(),
      NODE_NAME: 'registry-1',
      AGENT_NAME: 'agent-1',
    });
  });
  afterEach(async () => {
    try {
      await Promise.all([scraper?.stop(), ...backends.splice(0).map((each) => each.stop())]);
    } finally {
      scraper = undefined;
      await cleanUp();
    }
  });

  /** Something to scrape; its name is the id of the instance. */
  async function instance(service: string, name: string, Tags: readonly string[]): Promise<Backend> {
    const { port, stop } = await startBackend('instances 1\n');
    backends.push({ name, host: '127.0.0.1', port, stop });
    const answer = await fetch(`${rollcall.url}/v1/agent/service/register`, {
      method: 'PUT',
      body: JSON.stringify({
        ...{ ID: name, Name: service, Address: '127.0.0.1', Port: port, Tags, Meta: { zone: `z-${name}` } },
        Check: { CheckID: `check-${name}`, TTL: '10m', Status: 'passing' },
      }),
    });
    expect(answer.status, await answer.text()).to.equal(200);
    return { name, host: '127.0.0.1', port, stop };
  }

  async function start({ program, args }: Scraper): Promise<number> {
    const [port, directory] = await Promise.all([freePort(), temporaryDirectory()]);
    const sink = await startBackend('sink');
    backends.push(sink);
    const config = writeScrapeConfig(directory, `127.0.0.1:${String(rollcall.httpPort)}`);
    const sinkUrl = `http://127.0.0.1:${String(sink.port)}/`;
    scraper = startProgram(program(), args(config, port, directory, sinkUrl));
    return port;
  }

  for (const each of SCRAPERS) {
    it(`${each.name} scrapes what is registered and follows it`, async () => {
      const a = await instance('web', 'a', ['v1', 'blue']);
      await instance('web', 'b', ['v1']);
      const port = await start(each);
      const finds = (job: string, ids: readonly string[], also: (target: Target) => boolean = () => true) =>
        eventually(
          async () => {
            const targets = await targetsOf(port, job);
            return (
              [...targets.keys()].sort().join() === ids.join() && [...targets.values()].every(also) && targets
            );
          },
          `${job} has ${ids.join()}`,
          FOLLOWS_WITHIN_MS,
        );
      const isScraped = ({ discoveredLabels, health }: Target) =>
        health === 'up' || discoveredLabels['__meta_consul_service'] === 'consul';

      // The registry node itself is an instance of `consul`, found by its service id too.
      const first = await finds('all', ['a', 'b', 'consul'], isScraped);
      expect(first.get('a')?.labels).to.include({ instance: `127.0.0.1:${String(a.port)}`, job: 'all' });
      expect(first.get('a')?.discoveredLabels).to.include({
        __address__: `127.0.0.1:${String(a.port)}`,
        __meta_consul_address: '127.0.0.1',
        __meta_consul_dc: 'dc1',
        __meta_consul_node: 'agent-1',
        __meta_consul_service: 'web',
        __meta_consul_service_address: '127.0.0.1',
        __meta_consul_service_id: 'a',
        __meta_consul_service_metadata_zone: 'z-a',
        __meta_consul_service_port: String(a.port),
        __meta_consul_tagged_address_lan: '127.0.0.1',
        __meta_consul_tags: ',v1,blue,',
        ...(each.labelsHealth && { __meta_consul_health: 'passing' }),
      });
      await finds('blue', ['a'], isScraped);

      await instance('api', 'c', []);
      await finds('all', ['a', 'b', 'c', 'consul'], isScraped);
      await instance('web', 'd', ['blue', 'v1']);
      await finds('blue', ['a', 'd'], isScraped);

      await setStatus(rollcall, a, 'critical');
      if (each.labelsHealth)
        await finds(
          'blue',
          ['a', 'd'],
          ({ discoveredLabels, labels }) =>
            labels['health'] ===
            (discoveredLabels['__meta_consul_service_id'] === 'a' ? 'critical' : 'passing'),
        );
      await deregister(rollcall, a);
      await finds('all', ['b', 'c', 'consul', 'd'], isScraped);
      await finds('blue', ['d'], isScraped);
    });
  }
});
