import { expect } from 'chai';
import { registerWithEureka, type RegisteredClient } from '../support/eureka-client.ts';
import { eventually } from '../support/eventually.ts';
import { HttpRecorder } from '../support/http-recorder.ts';
import {
  EurekaOperator,
  FOLLOWS_WITHIN_MS,
  passingInConsul,
  registerWithConsul,
} from '../support/interop-eureka.ts';
import {
  cleanUp,
  startRollcall,
  temporaryDirectory,
  type RollcallProcess,
} from '../support/rollcall-process.ts';
import { deregister } from './dns-programs.ts';

const APP = 'JSDEMO';
const ID = 'host-js:jsdemo';

describe('interop: eureka-js-client', function () {
  this.timeout(120_000);
  let rollcall: RollcallProcess;
  let operator: EurekaOperator;
  let recorder: HttpRecorder;
  let registered: RegisteredClient | undefined;

  beforeEach(async () => {
    rollcall = await startRollcall({ DATA_DIR: await temporaryDirectory() });
    operator = new EurekaOperator(rollcall.url);
    recorder = await HttpRecorder.start(rollcall.httpPort);
  });
  afterEach(async () => {
    await registered?.stop();
    registered = undefined;
    await recorder.stop();
    await cleanUp();
  });

  for (const useDelta of [false, true])
    it(`lives its whole life, ${useDelta ? 'with deltas' : 'fetching everything each time'}`, async () => {
      await registerWithConsul(rollcall, { id: 'web-1', port: 7001 });
      const instance = { app: 'jsdemo', host: 'host-js', ip: '10.0.0.1', port: 8080 };
      registered = await registerWithEureka(recorder.port, instance, { useDelta });
      const { client } = registered;
      /** The client keeps those that are up. */
      const sees = (app: string, ids: readonly string[]) =>
        eventually(
          () =>
            client
              .getInstancesByAppId(app)
              .map(({ instanceId }) => instanceId)
              .sort()
              .join() === ids.join(),
          `the client sees ${ids.join()} of ${app}`,
          FOLLOWS_WITHIN_MS,
        );

      await sees('web', ['rollcall:web-1']);
      await sees('jsdemo', [ID]);
      expect(await passingInConsul(rollcall, 'jsdemo')).to.deep.equal([ID]);
      await registerWithConsul(rollcall, { id: 'web-2', port: 7002 });
      await sees('web', ['rollcall:web-1', 'rollcall:web-2']);
      await deregister(rollcall, { name: 'web-1' });
      await sees('web', ['rollcall:web-2']);

      // Its deltas neither hide what is out of service nor take in what registers again.
      if (!useDelta) {
        await operator.override(APP, ID, 'OUT_OF_SERVICE');
        await sees('jsdemo', []);
        expect(await passingInConsul(rollcall, 'jsdemo')).to.deep.equal([]);
        // Its status is unknown then; the next heartbeat is refused and the client registers again.
        await operator.endOverride(APP, ID);
        await sees('jsdemo', [ID]);
      }
      await operator.cancel(APP, ID);
      await operator.reaches(APP, ID, 'UP');
      const heartbeats = () => recorder.count('PUT', /^\/eureka\/apps\/JSDEMO\/host-js:jsdemo$/i);
      const before = heartbeats();
      await eventually(() => heartbeats() >= before + 2, 'two more heartbeats', FOLLOWS_WITHIN_MS);

      const full = recorder.count('GET', /^\/eureka\/apps\/$/);
      if (useDelta) expect(full, 'full fetches').to.equal(1);
      else expect(full).to.be.greaterThan(3);
      await registered.stop();
      registered = undefined;
      expect(recorder.count('DELETE', /^\/eureka\/apps\/JSDEMO\/host-js:jsdemo$/i)).to.equal(1);
      expect(await operator.status(APP, ID)).to.equal('NONE');
    });
});
