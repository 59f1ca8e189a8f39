import { expect } from 'chai';
import { eventually } from '../support/eventually.ts';
import { anEurekaInstance } from '../support/eureka-server.ts';
import {
  EurekaOperator,
  FOLLOWS_WITHIN_MS,
  passingInConsul,
  registerWithConsul,
  type ShownInstance,
} from '../support/interop-eureka.ts';
import { requireJava, startSpring } from '../support/interop-java.ts';
import { killPrograms } from '../support/interop-program.ts';
import { cleanUp, startRollcall, temporaryDirectory } from '../support/rollcall-process.ts';
import { freePort } from './dns-consul-server.ts';
import { deregister, setStatus } from './dns-programs.ts';

const APP = 'ORDERS';
const ID = 'host-1:orders:8080';

/** All that only Eureka knows, as the instance's client said it. */
const INSTANCE = anEurekaInstance({
  securePort: { $: 8443, '@enabled': 'true' },
  leaseInfo: { renewalIntervalInSecs: 7, durationInSecs: 77 },
  metadata: { zone: 'a', 'management.port': '9090' },
  appGroupName: 'SHOP',
  homePageUrl: 'http://host-1:8080/',
  statusPageUrl: 'http://host-1:8080/actuator/info',
  healthCheckUrl: 'http://host-1:8080/actuator/health',
  secureHealthCheckUrl: 'https://host-1:8443/actuator/health',
  vipAddress: 'orders,orders-v2',
  secureVipAddress: 'orders-safe',
  countryId: 49,
});

describe("interop: Spring Cloud's Eureka server as a peer", function () {
  this.timeout(300_000);

  before(requireJava);
  afterEach(async function () {
    await killPrograms(this.currentTest?.state === 'failed');
    await cleanUp();
  });

  const startServer = async (properties: Readonly<Record<string, string | number | boolean>>) => {
    const { port } = await startSpring('spring-server', {
      'eureka.instance.hostname': 'spring-server',
      'eureka.client.register-with-eureka': false,
      'eureka.server.use-read-only-response-cache': false,
      // It gives a peer 200 ms, which a busy machine may need for itself.
      'eureka.server.peer-node-connect-timeout-ms': 5000,
      'eureka.server.peer-node-read-timeout-ms': 5000,
      ...properties,
    });
    return `http://127.0.0.1:${String(port)}`;
  };

  /** Waits until both have the same of an instance, but for the server's own times. */
  const agree = (one: EurekaOperator, other: EurekaOperator) =>
    eventually(
      async () => {
        const [here, there] = await Promise.all([one.instance(APP, ID), other.instance(APP, ID)]);
        expect(comparable(here)).to.deep.equal(comparable(there));
        return here;
      },
      'both show the same',
      FOLLOWS_WITHIN_MS,
    );

  it('takes over what Rollcall has, and tells it all that happens there', async () => {
    const rollcall = await startRollcall({ DATA_DIR: await temporaryDirectory() });
    await registerWithConsul(rollcall, { id: 'web-1', port: 7001 });
    const here = new EurekaOperator(rollcall.url);
    const there = new EurekaOperator(
      await startServer({
        'eureka.client.service-url.defaultZone': `${rollcall.url}/eureka/`,
        'eureka.server.registry-sync-retries': 5,
        'eureka.server.registry-sync-retry-wait-ms': 1000,
      }),
    );
    await there.reaches('WEB', 'rollcall:web-1', 'UP');

    await there.register(APP, INSTANCE);
    await here.reaches(APP, ID, 'UP');
    const shown = await agree(here, there);
    expect(shown).to.deep.include({ metadata: { zone: 'a', 'management.port': '9090' } });
    expect(shown.leaseInfo.durationInSecs).to.equal(77);
    expect(await passingInConsul(rollcall, 'orders')).to.deep.equal([ID]);

    // One alone: its sender waits for half a second of silence about an instance.
    await there.heartbeat(APP, ID);
    await eventually(
      async () =>
        Number((await here.instance(APP, ID))?.leaseInfo.lastRenewalTimestamp) >
        shown.leaseInfo.lastRenewalTimestamp,
      'the heartbeat arrives',
      FOLLOWS_WITHIN_MS,
    );

    await there.override(APP, ID, 'OUT_OF_SERVICE');
    await here.reaches(APP, ID, 'OUT_OF_SERVICE');
    expect((await agree(here, there)).overriddenStatus).to.equal('OUT_OF_SERVICE');
    expect(await passingInConsul(rollcall, 'orders')).to.deep.equal([]);
    await there.endOverride(APP, ID);
    await here.reaches(APP, ID, 'UNKNOWN');
    await there.register(APP, INSTANCE);
    await here.reaches(APP, ID, 'UP');
    await agree(here, there);

    await here.cancel(APP, ID);
    await there.heartbeat(APP, ID);
    await here.reaches(APP, ID, 'UP');
    await agree(here, there);

    await there.cancel(APP, ID);
    await here.reaches(APP, ID, 'NONE');
    expect(await passingInConsul(rollcall, 'orders')).to.deep.equal([]);
  });

  it('shows the same while both tell each other what happens', async () => {
    const port = await freePort();
    const peer = `http://127.0.0.1:${String(port)}`;
    const rollcall = await startRollcall({
      DATA_DIR: await temporaryDirectory(),
      EUREKA_REPLICATE_TO: `${peer}/eureka`,
    });
    const here = new EurekaOperator(rollcall.url);
    const there = new EurekaOperator(peer);
    await registerWithConsul(rollcall, { id: 'web-1', port: 7001 });
    await here.register(APP, INSTANCE);
    await startServer({
      'server.port': port,
      'eureka.client.fetch-registry': false,
      'eureka.client.service-url.defaultZone': `${rollcall.url}/eureka/`,
    });
    await there.reaches('WEB', 'rollcall:web-1', 'UP');
    await there.reaches(APP, ID, 'UP');
    await agree(here, there);

    await here.override(APP, ID, 'OUT_OF_SERVICE');
    await there.reaches(APP, ID, 'OUT_OF_SERVICE');
    await agree(here, there);
    await here.endOverride(APP, ID);
    await here.register(APP, INSTANCE);
    await there.reaches(APP, ID, 'UP');
    await agree(here, there);
    await setStatus(rollcall, { name: 'web-1' }, 'critical');
    await there.reaches('WEB', 'rollcall:web-1', 'DOWN');

    await there.register('CARTS', { ...INSTANCE, app: 'CARTS', instanceId: 'carts-1' });
    await here.reaches('CARTS', 'carts-1', 'UP');
    await there.cancel('CARTS', 'carts-1');
    await here.reaches('CARTS', 'carts-1', 'NONE');
    await here.cancel(APP, ID);
    await there.reaches(APP, ID, 'NONE');
    await deregister(rollcall, { name: 'web-1' });
    await there.reaches('WEB', 'rollcall:web-1', 'NONE');
    expect([await here.hashCode(), await there.hashCode()]).to.deep.equal(['', '']);
  });
});

/** Each server stamps what it does; heartbeats and changes reach the other a moment later. */
function comparable(instance: ShownInstance | undefined): object {
  if (instance === undefined) throw new Error('not registered');
  const { leaseInfo, ...rest } = instance;
  const { durationInSecs } = leaseInfo;
  return { ...rest, durationInSecs, lastUpdatedTimestamp: 0, actionType: '' };
}
