import { expect } from 'chai';
import { anEurekaInstance } from '../support/eureka-server.ts';
import { eventually } from '../support/eventually.ts';
import { EurekaOperator, FOLLOWS_WITHIN_MS, registerWithConsul } from '../support/interop-eureka.ts';
import { requireJava, startSpring } from '../support/interop-java.ts';
import { killPrograms } from '../support/interop-program.ts';
import { cleanUp, startRollcall, temporaryDirectory } from '../support/rollcall-process.ts';

const APP = 'ORDERS';
const ID = 'host-1:orders:8080';

describe("interop: Rollcall tells Spring Cloud's Eureka server what is registered", function () {
  this.timeout(300_000);

  before(requireJava);
  afterEach(async function () {
    await killPrograms(this.currentTest?.state === 'failed');
    await cleanUp();
  });

  it('through either protocol, and keeps it alive there for as long as it is registered here', async () => {
    const { port } = await startSpring('spring-server', {
      'eureka.client.register-with-eureka': false,
      'eureka.client.fetch-registry': false,
      'eureka.server.use-read-only-response-cache': false,
      'eureka.server.enable-self-preservation': false,
      'eureka.server.eviction-interval-timer-in-ms': 500,
    });
    const url = `http://127.0.0.1:${String(port)}`;
    const settings = { EUREKA_REPLICATE_TO: `${url}/eureka`, DATA_DIR: await temporaryDirectory() };
    const rollcall = await startRollcall(settings);
    const here = new EurekaOperator(rollcall.url);
    const there = new EurekaOperator(url);

    await registerWithConsul(rollcall, { id: 'web-1', port: 7001 });
    await there.reaches('WEB', 'rollcall:web-1', 'UP');
    expect(await there.instance('WEB', 'rollcall:web-1')).to.deep.include({ metadata: { zone: 'b' } });
    await here.override('WEB', 'rollcall:web-1', 'OUT_OF_SERVICE');
    await there.reaches('WEB', 'rollcall:web-1', 'OUT_OF_SERVICE');
    await here.endOverride('WEB', 'rollcall:web-1');
    await there.reaches('WEB', 'rollcall:web-1', 'UP');

    const leaseInfo = { renewalIntervalInSecs: 1, durationInSecs: 3 };
    await here.register(APP, anEurekaInstance({ leaseInfo }));
    await there.reaches(APP, ID, 'UP');
    // Longer than twice its lease, which the original adds.
    const until = performance.now() + 8000;
    await eventually(
      async () => {
        await here.heartbeat(APP, ID);
        expect(await there.status(APP, ID)).to.equal('UP');
        return performance.now() > until;
      },
      'its lease has run out twice',
      FOLLOWS_WITHIN_MS,
    );
    await there.cancel(APP, ID);
    await eventually(
      async () => {
        await here.heartbeat(APP, ID);
        return (await there.status(APP, ID)) === 'UP';
      },
      'it is registered again where it was lost',
      FOLLOWS_WITHIN_MS,
    );
    await here.cancel(APP, ID);
    await there.reaches(APP, ID, 'NONE');
    await here.cancel('WEB', 'rollcall:web-1');
    await there.reaches('WEB', 'rollcall:web-1', 'NONE');
    expect(await rollcall.stop()).to.equal(0);
  });
});
