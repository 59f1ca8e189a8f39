import { expect } from 'chai';
import { eventually } from '../support/eventually.ts';
import { HttpRecorder } from '../support/http-recorder.ts';
import {
  EurekaOperator,
  FOLLOWS_WITHIN_MS,
  passingInConsul,
  registerWithConsul,
} from '../support/interop-eureka.ts';
import { requireJava, startSpring } from '../support/interop-java.ts';
import { killPrograms } from '../support/interop-program.ts';
import {
  cleanUp,
  startRollcall,
  temporaryDirectory,
  type RollcallProcess,
} from '../support/rollcall-process.ts';
import { deregister, setStatus, startBackend, type Backend } from './dns-programs.ts';

const APP = 'SHOP';
const ID = 'shop-1';

/** An instance as Spring's DiscoveryClient gives it to the application. */
interface FoundInstance {
  readonly instanceId: string;
  readonly host: string;
  readonly port: number;
  readonly metadata: Readonly<Record<string, string>>;
}

describe('interop: a Spring Boot application', function () {
  this.timeout(300_000);
  let rollcall: RollcallProcess;
  let operator: EurekaOperator;
  let recorder: HttpRecorder;
  let backend: Backend;

  before(requireJava);
  beforeEach(async () => {
    rollcall = await startRollcall({ DATA_DIR: await temporaryDirectory() });
    operator = new EurekaOperator(rollcall.url);
    recorder = await HttpRecorder.start(rollcall.httpPort);
    backend = await startBackend('the backend');
  });
  afterEach(async function () {
    await killPrograms(this.currentTest?.state === 'failed');
    await Promise.all([recorder.stop(), backend.stop()]);
    await cleanUp();
  });

  const start = () =>
    startSpring('spring-client', {
      'spring.application.name': 'shop',
      'eureka.client.service-url.defaultZone': `http://127.0.0.1:${String(recorder.port)}/eureka/`,
      'eureka.client.registry-fetch-interval-seconds': 1,
      'eureka.client.initial-instance-info-replication-interval-seconds': 0,
      'eureka.client.instance-info-replication-interval-seconds': 1,
      'eureka.instance.instance-id': ID,
      'eureka.instance.hostname': 'shop.example',
      'eureka.instance.ip-address': '127.0.0.1',
      'eureka.instance.prefer-ip-address': true,
      'eureka.instance.lease-renewal-interval-in-seconds': 1,
      'eureka.instance.metadata-map.zone': 'a',
      'spring.cloud.loadbalancer.cache.enabled': false,
      'management.endpoints.web.exposure.include': '*',
      'management.endpoint.health.show-details': 'always',
      'management.endpoint.serviceregistry.access': 'unrestricted',
      'management.endpoint.shutdown.access': 'unrestricted',
    });

  it('registers, calls by name what is registered, is taken out of service and deregisters', async () => {
    await registerWithConsul(rollcall, { id: 'web-1', port: backend.port });
    const { port, program } = await start();
    const url = `http://127.0.0.1:${String(port)}`;
    const ask = async (path: string) => {
      const answer = await fetch(url + path, { signal: AbortSignal.timeout(10_000) });
      return { status: answer.status, text: await answer.text() };
    };
    const actuate = async (endpoint: string, body: object) => {
      const answer = await fetch(`${url}/actuator/${endpoint}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      });
      expect(answer.status, await answer.text()).to.equal(200);
    };
    const found = async (service: string) =>
      JSON.parse((await ask(`/services/${service}`)).text) as FoundInstance[];

    await operator.reaches(APP, ID, 'UP');
    expect(await operator.instance(APP, ID)).to.deep.include({
      app: APP,
      ipAddr: '127.0.0.1',
      vipAddress: 'shop',
    });
    expect((await operator.instance(APP, ID))?.port).to.deep.include({ $: port });
    expect(await passingInConsul(rollcall, 'shop')).to.deep.equal([ID]);

    const [web] = await eventually(
      async () => {
        const instances = await found('web');
        return instances.length === 1 && instances;
      },
      'the application finds web',
      FOLLOWS_WITHIN_MS,
    );
    expect(web).to.deep.include({ host: '127.0.0.1', port: backend.port });
    expect(web?.metadata).to.deep.include({ zone: 'b' });
    expect(await ask('/calls/web')).to.deep.equal({ status: 200, text: 'the backend' });
    await eventually(
      async () => (JSON.parse((await ask('/services')).text) as string[]).includes('shop'),
      'the application finds itself',
      FOLLOWS_WITHIN_MS,
    );
    const health = JSON.parse((await ask('/actuator/health')).text) as {
      components: { discoveryComposite: { components: { eureka: { status: string } } } };
    };
    expect(health.components.discoveryComposite.components.eureka.status).to.equal('UP');

    await actuate('serviceregistry', { status: 'OUT_OF_SERVICE' });
    await operator.reaches(APP, ID, 'OUT_OF_SERVICE');
    expect(await passingInConsul(rollcall, 'shop')).to.deep.equal([]);
    await eventually(
      async () =>
        (await ask('/actuator/health')).text.includes(
          '"eureka":{"description":"Remote status from Eureka server","status":"OUT_OF_SERVICE"',
        ),
      'the application knows that it is out of service',
      FOLLOWS_WITHIN_MS,
    );
    // Its status is unknown then; the next heartbeat is refused and the application registers again.
    await actuate('serviceregistry', { status: 'CANCEL_OVERRIDE' });
    await operator.reaches(APP, ID, 'UP');
    expect(await passingInConsul(rollcall, 'shop')).to.deep.equal([ID]);

    await setStatus(rollcall, { name: 'web-1' }, 'critical');
    await eventually(
      async () => (await ask('/calls/web')).status === 500,
      'no instance to call',
      FOLLOWS_WITHIN_MS,
    );
    await deregister(rollcall, { name: 'web-1' });
    await eventually(async () => (await found('web')).length === 0, 'web is gone', FOLLOWS_WITHIN_MS);

    expect(recorder.count('GET', /^\/eureka\/apps\/$/), 'full fetches').to.equal(1);
    expect(recorder.count('GET', /^\/eureka\/apps\/delta$/)).to.be.greaterThan(1);
    const heartbeats = () => recorder.count('PUT', /^\/eureka\/apps\/SHOP\/shop-1\?status=UP/);
    const before = heartbeats();
    await eventually(() => heartbeats() >= before + 2, 'two more heartbeats', FOLLOWS_WITHIN_MS);

    await actuate('shutdown', {});
    expect(await program.exited()).to.equal(0);
    expect(recorder.count('DELETE', /^\/eureka\/apps\/SHOP\/shop-1$/)).to.equal(1);
    expect(await operator.status(APP, ID)).to.equal('NONE');
    expect(await passingInConsul(rollcall, 'shop')).to.deep.equal([]);
  });
});
