import { expect } from 'chai';
import { eventually } from '../support/eventually.ts';
import { HttpRecorder } from '../support/http-recorder.ts';
import {
  EurekaOperator,
  FOLLOWS_WITHIN_MS,
  passingInConsul,
  registerWithConsul,
} from '../support/interop-eureka.ts';
import { requireJava, startJava } from '../support/interop-java.ts';
import { killPrograms, type Dialogue } from '../support/interop-program.ts';
import {
  cleanUp,
  startRollcall,
  temporaryDirectory,
  type RollcallProcess,
} from '../support/rollcall-process.ts';
import { deregister } from './dns-programs.ts';

const APP = 'ORDERS';
const ID = 'host-j:orders:8080';
const OWN = `/eureka/apps/${APP}/${ID}`;

/** How the client may be told to read and write. */
const VARIANTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'as it comes': {},
  'with its strict codecs': { 'eureka.decoderName': 'JacksonJson', 'eureka.encoderName': 'JacksonJson' },
  'that wants compact answers': { 'eureka.clientDataAccept': 'compact' },
};

/** What the client prints. */
interface Printed {
  readonly kind: 'fetched' | 'decoded';
  /** The status of its own instance at the server; or the codec. */
  readonly detail: string;
  /** Counted by the client over all it knows. */
  readonly ownHash: string;
  /** The one in the server's answer. */
  readonly sentHash: string;
  /** Application, id, address, status and the metadata `zone`. */
  readonly instances: readonly string[];
}

const printed = (client: Dialogue) => client.lines.map((line) => JSON.parse(line) as Printed);

describe("interop: Netflix's DiscoveryClient", function () {
  this.timeout(300_000);
  let rollcall: RollcallProcess;
  let operator: EurekaOperator;
  let recorder: HttpRecorder;

  before(requireJava);
  beforeEach(async () => {
    rollcall = await startRollcall({ DATA_DIR: await temporaryDirectory() });
    operator = new EurekaOperator(rollcall.url);
    recorder = await HttpRecorder.start(rollcall.httpPort);
  });
  afterEach(async function () {
    await killPrograms(this.currentTest?.state === 'failed');
    await recorder.stop();
    await cleanUp();
  });

  const start = (properties: Readonly<Record<string, string>>): Dialogue =>
    startJava('netflix-client', {
      'instance.host': 'host-j',
      'instance.ip': '10.0.0.9',
      'eureka.instanceId': ID,
      'eureka.name': 'orders',
      'eureka.vipAddress': 'orders',
      'eureka.port': 8080,
      'eureka.metadata.zone': 'a',
      'eureka.lease.renewalInterval': 1,
      'eureka.lease.duration': 30,
      'eureka.serviceUrl.default': `http://127.0.0.1:${String(recorder.port)}/eureka/`,
      'eureka.shouldUseDns': false,
      'eureka.shouldFilterOnlyUpInstances': false,
      'eureka.client.refresh.interval': 1,
      'eureka.appinfo.initial.replicate.time': 0,
      'eureka.appinfo.replicate.interval': 1,
      'org.slf4j.simpleLogger.defaultLogLevel': 'info',
      ...properties,
    });

  /** Waits until a fetch shows exactly these instances, by id and status. */
  const sees = (client: Dialogue, expected: Readonly<Record<string, string>>) =>
    eventually(
      () => {
        const last = printed(client).findLast(({ kind }) => kind === 'fetched');
        const shown = last?.instances
          .map((each) => each.split(' '))
          .map(([, id, , status]) => `${id ?? ''} ${status ?? ''}`);
        const wanted = Object.entries(expected).map((each) => each.join(' '));
        return shown?.sort().join() === wanted.sort().join() && last;
      },
      `the client sees ${JSON.stringify(expected)}`,
      FOLLOWS_WITHIN_MS,
    );

  for (const [variant, properties] of Object.entries(VARIANTS)) {
    it(`${variant} lives its whole life without fetching everything twice`, async () => {
      const compact = properties['eureka.clientDataAccept'] === 'compact';
      await registerWithConsul(rollcall, { id: 'web-1', port: 7001 });
      const client = start(properties);
      await operator.reaches(APP, ID, 'UP');
      expect(await passingInConsul(rollcall, 'orders')).to.deep.equal([ID]);
      const first = await sees(client, { 'rollcall:web-1': 'UP', [ID]: 'UP' });
      const zone = (name: string) => (compact ? 'null' : name);
      expect([...first.instances].sort()).to.deep.equal([
        `ORDERS ${ID} host-j:8080 UP ${zone('a')}`,
        `WEB rollcall:web-1 127.0.0.1:7001 UP ${zone('b')}`,
      ]);

      await registerWithConsul(rollcall, { id: 'web-2', port: 7002, status: 'critical' });
      await sees(client, { 'rollcall:web-1': 'UP', 'rollcall:web-2': 'DOWN', [ID]: 'UP' });
      await deregister(rollcall, { name: 'web-1' });
      await sees(client, { 'rollcall:web-2': 'DOWN', [ID]: 'UP' });

      await operator.override(APP, ID, 'OUT_OF_SERVICE');
      const overridden = await sees(client, { 'rollcall:web-2': 'DOWN', [ID]: 'OUT_OF_SERVICE' });
      expect(overridden.ownHash).to.equal('DOWN_1_OUT_OF_SERVICE_1_');
      await eventually(
        () => printed(client).some(({ detail }) => detail === 'OUT_OF_SERVICE'),
        'the client knows that it is overridden',
        FOLLOWS_WITHIN_MS,
      );
      expect(await passingInConsul(rollcall, 'orders')).to.deep.equal([]);
      // Its status is unknown then; the next heartbeat is refused and the client registers again.
      await operator.endOverride(APP, ID);
      await sees(client, { 'rollcall:web-2': 'DOWN', [ID]: 'UP' });

      client.write('status DOWN');
      await operator.reaches(APP, ID, 'DOWN');
      client.write('status UP');
      await operator.reaches(APP, ID, 'UP');
      const heartbeats = recorder.count('PUT', new RegExp(`^${OWN}\\?status=UP&lastDirtyTimestamp=\\d+$`));
      await eventually(
        () => recorder.count('PUT', /^\S+\?status=UP/) >= heartbeats + 2,
        'two more heartbeats',
        FOLLOWS_WITHIN_MS,
      );

      await operator.cancel(APP, ID);
      await operator.reaches(APP, ID, 'UP');
      const last = await sees(client, { 'rollcall:web-2': 'DOWN', [ID]: 'UP' });
      expect(last.ownHash).to.equal(await operator.hashCode());
      for (const each of printed(client)) expect(each.ownHash).to.equal(each.sentHash);
      expect(recorder.count('GET', /^\/eureka\/apps\/$/), 'full fetches').to.equal(1);
      expect(recorder.count('GET', /^\/eureka\/apps\/delta$/)).to.be.greaterThan(1);

      client.end();
      expect(await client.exited()).to.equal(0);
      expect(recorder.count('DELETE', new RegExp(`^${OWN}$`))).to.equal(1);
      expect(await operator.status(APP, ID)).to.equal('NONE');
      const trouble = client
        .log()
        .split('\n')
        .filter((line) => /ERROR|Exception/.test(line));
      expect(trouble).to.deep.equal([]);
    });
  }

  it('reads every form of an answer with every decoder it has', async () => {
    await registerWithConsul(rollcall, { id: 'web-1', port: 7001 });
    const client = start({});
    await operator.reaches(APP, ID, 'UP');
    const forms = {
      LegacyJacksonJson: 'application/json',
      JacksonJson: 'application/json',
      XStreamJson: 'application/json',
      JacksonXml: 'application/xml',
      XStreamXml: 'application/xml',
    };
    for (const path of ['apps', 'apps/delta', 'vips/orders'])
      for (const [codec, mediaType] of Object.entries(forms)) {
        const before = printed(client).filter(({ kind }) => kind === 'decoded').length;
        client.write(`decode ${codec} ${mediaType} ${rollcall.url}/eureka/${path}`);
        const decoded = await eventually(
          () => printed(client).filter(({ kind }) => kind === 'decoded')[before],
          `${codec} has read ${path}`,
          FOLLOWS_WITHIN_MS,
        );
        expect(decoded.detail).to.equal(codec);
        expect(decoded.instances).to.include(`ORDERS ${ID} host-j:8080 UP a`);
        expect(decoded.sentHash).to.equal(path === 'vips/orders' ? 'UP_1_' : 'UP_2_');
      }
    client.end();
    expect(await client.exited()).to.equal(0);
  });
});
