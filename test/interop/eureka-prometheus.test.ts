import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { anEurekaInstance } from '../support/eureka-server.ts';
import { eventually } from '../support/eventually.ts';
import { EurekaOperator, registerWithConsul } from '../support/interop-eureka.ts';
import { SCRAPERS, targetsOf, type Target } from '../support/interop-scraper.ts';
import {
  cleanUp,
  startRollcall,
  temporaryDirectory,
  type RollcallProcess,
} from '../support/rollcall-process.ts';
import { freePort } from './dns-consul-server.ts';
import { setStatus, startBackend, startProgram, type Backend, type Program } from './dns-programs.ts';

const FOLLOWS_WITHIN_MS = 40_000;
const APP = 'ORDERS';
const ID = 'host-1:orders:8080';
const LABEL = '__meta_eureka_app_instance_id';

describe('interop: Prometheus with eureka_sd_configs', function () {
  this.timeout(180_000);
  let rollcall: RollcallProcess;
  let operator: EurekaOperator;
  let orders: Backend;
  let web: Backend;
  let prometheus: Program | undefined;

  beforeEach(async () => {
    rollcall = await startRollcall({ DATA_DIR: await temporaryDirectory() });
    operator = new EurekaOperator(rollcall.url);
    [orders, web] = await Promise.all([startBackend('instances 1\n'), startBackend('instances 1\n')]);
  });
  afterEach(async () => {
    try {
      await Promise.all([prometheus?.stop(), orders.stop(), web.stop()]);
    } finally {
      prometheus = undefined;
      await cleanUp();
    }
  });

  async function start(): Promise<number> {
    const [port, directory] = await Promise.all([freePort(), temporaryDirectory()]);
    const config = join(directory, 'prometheus.json');
    const server = `${rollcall.url}/eureka`;
    const job = { job_name: 'eureka', eureka_sd_configs: [{ server, refresh_interval: '1s' }] };
    // JSON is YAML too.
    writeFileSync(
      config,
      JSON.stringify({ global: { scrape_interval: '1s', scrape_timeout: '1s' }, scrape_configs: [job] }),
    );
    const scraper = SCRAPERS.find(({ name }) => name === 'Prometheus');
    if (scraper === undefined) throw new Error('Prometheus is not among the scrapers');
    prometheus = startProgram(scraper.program(), scraper.args(config, port, directory, ''));
    return port;
  }

  it('scrapes what is registered through either API and follows it', async () => {
    await operator.register(
      APP,
      anEurekaInstance({
        hostName: '127.0.0.1',
        port: { $: orders.port, '@enabled': 'true' },
        // A name of Java, which no element of XML may have as it is.
        metadata: { 'management.port': '9090', 'a b:c': 'x', '': 'lost' },
        homePageUrl: 'http://host-1/?a=1&b=<2>',
      }),
    );
    await registerWithConsul(rollcall, { id: 'web-1', port: web.port });
    const port = await start();
    const finds = (ids: readonly string[], also: (target: Target) => boolean) =>
      eventually(
        async () => {
          const targets = await targetsOf(port, 'eureka', LABEL);
          return (
            [...targets.keys()].sort().join() === ids.join() && [...targets.values()].every(also) && targets
          );
        },
        `Prometheus has ${ids.join()}`,
        FOLLOWS_WITHIN_MS,
      );
    const isScraped = ({ health }: Target) => health === 'up';

    const found = await finds([ID, 'rollcall:web-1'], isScraped);
    expect(found.get(ID)?.discoveredLabels).to.include({
      __address__: `127.0.0.1:${String(orders.port)}`,
      __meta_eureka_app_name: APP,
      __meta_eureka_app_instance_country_id: '1',
      __meta_eureka_app_instance_datacenterinfo_name: 'MyOwn',
      __meta_eureka_app_instance_homepage_url: 'http://host-1/?a=1&b=<2>',
      __meta_eureka_app_instance_hostname: '127.0.0.1',
      [LABEL]: ID,
      __meta_eureka_app_instance_ip_addr: '10.0.0.1',
      __meta_eureka_app_instance_metadata_management_port: '9090',
      __meta_eureka_app_instance_port: String(orders.port),
      __meta_eureka_app_instance_port_enabled: 'true',
      __meta_eureka_app_instance_secure_port: '443',
      __meta_eureka_app_instance_secure_port_enabled: 'false',
      __meta_eureka_app_instance_status: 'UP',
      __meta_eureka_app_instance_vip_address: 'orders',
    });
    expect(found.get('rollcall:web-1')?.discoveredLabels).to.include({
      __address__: `127.0.0.1:${String(web.port)}`,
      __meta_eureka_app_name: 'WEB',
      __meta_eureka_app_instance_hostname: '127.0.0.1',
      __meta_eureka_app_instance_ip_addr: '127.0.0.1',
      __meta_eureka_app_instance_metadata_zone: 'b',
      __meta_eureka_app_instance_port: String(web.port),
      __meta_eureka_app_instance_status: 'UP',
      __meta_eureka_app_instance_vip_address: 'web',
    });

    await setStatus(rollcall, { name: 'web-1' }, 'critical');
    await operator.override(APP, ID, 'OUT_OF_SERVICE');
    const status = ({ discoveredLabels }: Target) => discoveredLabels['__meta_eureka_app_instance_status'];
    await finds([ID, 'rollcall:web-1'], (target) =>
      target.discoveredLabels[LABEL] === ID ? status(target) === 'OUT_OF_SERVICE' : status(target) === 'DOWN',
    );
    await operator.cancel(APP, ID);
    await finds(['rollcall:web-1'], isScraped);
  });
});
