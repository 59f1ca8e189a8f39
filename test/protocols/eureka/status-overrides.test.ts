import { expect } from 'chai';
import { createConsulDialect } from '../../../src/protocols/consul/index.ts';
import { createEurekaDialect } from '../../../src/protocols/eureka/index.ts';
import { createMetrics } from '../../../src/platform/metrics.ts';
import { anEurekaInstance } from '../../support/eureka-server.ts';
import { send, serveDialects, type TestServer } from '../../support/http.ts';
import { startRegistry, type TestRegistry } from '../../support/registry.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { LogTap } from '../../../src/platform/log-tap.ts';
import { systemRandom } from '../../../src/platform/random.ts';

type Json = Readonly<Record<string, unknown>>;

const ELSEWHERE = '/eureka/apps/WEB/rollcall:web-1';
const OWN = '/eureka/apps/ORDERS/host-1:orders:8080';
const MAINTENANCE = '/v1/agent/service/maintenance/web-1';

describe('eureka status overrides and Consul', () => {
  let tested: TestRegistry;
  let server: TestServer;
  beforeEach(async () => {
    tested = await startRegistry();
    const { registry } = tested;
    const platform = { clock: systemClock, random: systemRandom };
    const consul = createConsulDialect(registry, {
      ...platform,
      metrics: createMetrics(),
      logs: new LogTap(),
      reload: () => Promise.resolve(),
      kvMaxValueBytes: 1000,
      checkDeregisterMinMs: 60_000,
      checkIntervalMinMs: 1000,
      enableScriptChecks: false,
    });
    server = await serveDialects([consul, createEurekaDialect(registry, platform)]);
    expect(await put('/v1/agent/service/register', { ID: 'web-1', Name: 'web', Port: 80 })).to.equal(200);
    expect((await post('/eureka/apps/ORDERS', { instance: anEurekaInstance() })).status).to.equal(204);
  });
  afterEach(async () => {
    await server.stop();
    await tested.stop();
  });

  const json = { 'Content-Type': 'application/json' };
  const put = async (path: string, body?: Json) =>
    (await send(server.port, 'PUT', path, body && { body: JSON.stringify(body) })).status;
  const post = (path: string, body: Json) =>
    send(server.port, 'POST', path, { body: JSON.stringify(body), headers: json });
  const remove = async (path: string) => (await send(server.port, 'DELETE', path)).status;
  const get = async <T>(path: string) =>
    JSON.parse((await send(server.port, 'GET', path, { headers: { Accept: 'application/json' } })).text) as T;
  const shown = async (path: string) => {
    const { instance } = await get<{ instance: Json }>(path);
    return `${String(instance['status'])} ${String(instance['overriddenStatus'])}`;
  };
  /** The critical checks that Consul's clients see. */
  const critical = async (service: string) => {
    const [{ Checks } = { Checks: [] }] = await get<{ Checks: { CheckID: string; Status: string }[] }[]>(
      `/v1/health/service/${service}`,
    );
    return Checks.filter(({ Status }) => Status === 'critical').map(({ CheckID }) => CheckID);
  };

  it('of an instance registered through Consul is its maintenance, which either side ends', async () => {
    expect(await shown(ELSEWHERE)).to.equal('UP UNKNOWN');
    expect(await put(`${ELSEWHERE}/status?value=OUT_OF_SERVICE`)).to.equal(200);
    expect(await shown(ELSEWHERE)).to.equal('OUT_OF_SERVICE OUT_OF_SERVICE');
    expect(await critical('web')).to.deep.equal(['_service_maintenance:web-1']);
    expect((await get<Json[]>('/v1/health/service/web?passing')).length).to.equal(0);
    expect(await get('/eureka/serverinfo/statusoverrides')).to.deep.equal({
      'rollcall:web-1': 'OUT_OF_SERVICE',
    });

    expect(await remove(`${ELSEWHERE}/status`)).to.equal(200);
    expect(await shown(ELSEWHERE)).to.equal('UP UNKNOWN');
    expect(await critical('web')).to.deep.equal([]);

    await put(`${ELSEWHERE}/status?value=OUT_OF_SERVICE`);
    expect(await put(`${MAINTENANCE}?enable=false`)).to.equal(200);
    expect(await shown(ELSEWHERE)).to.equal('UP UNKNOWN');

    expect(await put(`${MAINTENANCE}?enable=true&reason=work`)).to.equal(200);
    expect(await shown(ELSEWHERE)).to.equal('OUT_OF_SERVICE OUT_OF_SERVICE');
    expect(await put(`${ELSEWHERE}/status?value=OUT_OF_SERVICE`)).to.equal(200);
    expect(JSON.stringify(await get('/v1/health/service/web'))).to.include('"Notes":"work"');
    expect(await put(`${ELSEWHERE}/status?value=UP`)).to.equal(200);
    expect(await shown(ELSEWHERE)).to.equal('UP UNKNOWN');
    expect(await critical('web')).to.deep.equal([]);
  });

  it('of an instance registered through Consul may be any other status, as a critical check', async () => {
    for (const status of ['DOWN', 'STARTING', 'UNKNOWN']) {
      expect(await put(`${ELSEWHERE}/status?value=${status}`)).to.equal(200);
      expect(await shown(ELSEWHERE)).to.equal(`${status} ${status}`);
      expect(await critical('web')).to.deep.equal(['eureka:override:web-1']);
    }
    expect(await put(`${ELSEWHERE}/status?value=OUT_OF_SERVICE`)).to.equal(200);
    expect(await critical('web')).to.deep.equal(['_service_maintenance:web-1']);
    expect(await put(`${ELSEWHERE}/status?value=DOWN`)).to.equal(200);
    expect(await critical('web')).to.deep.equal(['eureka:override:web-1']);
    expect(await remove(`${ELSEWHERE}/status?value=OUT_OF_SERVICE`)).to.equal(200);
    expect(await shown(ELSEWHERE)).to.equal('UP UNKNOWN');
    expect(await critical('web')).to.deep.equal([]);
  });

  it('of an instance registered through Consul changes nothing where it says what is, or nonsense', async () => {
    const { state } = tested.registry;
    const { revision } = state;
    expect(await put(`${ELSEWHERE}/status?value=UP`)).to.equal(200);
    expect(await remove(`${ELSEWHERE}/status`)).to.equal(200);
    for (const query of ['', '?value=', '?value=down', '?value=DOWN&lastDirtyTimestamp=x'])
      expect(await put(`${ELSEWHERE}/status${query}`)).to.equal(500);
    expect(await put('/eureka/apps/WEB/rollcall:web-2/status?value=DOWN')).to.equal(404);
    expect(state.revision).to.equal(revision);
  });

  it('of an instance registered through Consul is none where its health says the same', async () => {
    const check = { Node: 'rollcall', CheckID: 'c', ServiceID: 'web-1', Name: 'c', Status: 'critical' };
    expect(
      await put('/v1/catalog/register', { Node: 'rollcall', SkipNodeUpdate: true, Check: check }),
    ).to.equal(200);
    expect(await shown(ELSEWHERE)).to.equal('DOWN UNKNOWN');
    expect(await put(`${ELSEWHERE}/status?value=DOWN`)).to.equal(200);
    expect(await shown(ELSEWHERE)).to.equal('DOWN UNKNOWN');
    expect(await critical('web')).to.deep.equal(['c']);
  });

  it('shows in the delta and its hash code', async () => {
    const delta = async () => JSON.stringify(await get('/eureka/apps/delta'));
    await put(`${ELSEWHERE}/status?value=OUT_OF_SERVICE`);
    expect(await delta()).to.match(/"OUT_OF_SERVICE_1_UP_1_".*"rollcall:web-1".*"actionType":"MODIFIED"/);
    await remove(`${ELSEWHERE}/status`);
    expect(await delta()).to.match(/"UP_2_".*"rollcall:web-1"/);
  });

  it('of an instance registered through Eureka is its maintenance too', async () => {
    expect(await put(`${OWN}/status?value=OUT_OF_SERVICE`)).to.equal(200);
    expect(await critical('orders')).to.deep.equal(['_service_maintenance:host-1:orders:8080']);
    expect(await put(OWN)).to.equal(200);
    expect(await critical('orders')).to.deep.equal(['_service_maintenance:host-1:orders:8080']);

    expect((await post('/eureka/apps/ORDERS', { instance: anEurekaInstance() })).status).to.equal(204);
    const check = { Node: 'host-1', CheckID: '_service_maintenance:host-1:orders:8080' };
    expect(await put('/v1/catalog/deregister', check)).to.equal(200);
    expect(await shown(OWN)).to.equal('UP UNKNOWN');
    expect(await put(OWN)).to.equal(200);
    expect(await critical('orders')).to.deep.equal([]);

    const added = {
      ...check,
      ServiceID: 'host-1:orders:8080',
      Name: 'work',
      Status: 'critical',
      Notes: 'disk',
    };
    const registration = { Node: 'host-1', Address: '10.0.0.1', Check: added };
    expect(await put('/v1/catalog/register', registration)).to.equal(200);
    expect(await shown(OWN)).to.equal('OUT_OF_SERVICE OUT_OF_SERVICE');
    expect((await post('/eureka/apps/ORDERS', { instance: anEurekaInstance() })).status).to.equal(204);
    expect(await put(OWN)).to.equal(200);
    expect(await shown(OWN)).to.equal('OUT_OF_SERVICE OUT_OF_SERVICE');
    expect(JSON.stringify(await get('/v1/health/service/orders'))).to.include('"Notes":"disk"');
    expect(await remove(`${OWN}/status?value=UP`)).to.equal(200);
    expect(await shown(OWN)).to.equal('UP UNKNOWN');
    expect(await put('/v1/catalog/register', registration)).to.equal(200);
    expect(await put(`${OWN}/status?value=UP`)).to.equal(200);
    expect(await shown(OWN)).to.equal('UP UP');
    expect(await critical('orders')).to.deep.equal([]);
    expect(await remove(`${OWN}/status?value=UP`)).to.equal(200);
    expect(await shown(OWN)).to.equal('UP UNKNOWN');
    expect(await critical('orders')).to.deep.equal([]);
  });

  it('is seen alike from both sides after both have changed it at once', async () => {
    for (let round = 0; round < 20; round++) {
      const statuses = await Promise.all([
        put(`${ELSEWHERE}/status?value=OUT_OF_SERVICE`),
        put(`${MAINTENANCE}?enable=${round % 2 === 0}`),
        remove(`${ELSEWHERE}/status`),
        put(`${MAINTENANCE}?enable=${round % 3 === 0}`),
        put(`${ELSEWHERE}/status?value=UP`),
        put(`${ELSEWHERE}/status?value=DOWN`),
      ]);
      expect(new Set(statuses), `round ${round}`).to.deep.equal(new Set([200]));
      const [status] = (await shown(ELSEWHERE)).split(' ');
      expect((await critical('web')).length === 0, `round ${round}: ${status}`).to.equal(status === 'UP');
      // Whatever came of it, each side can end it by itself.
      if (round % 2 === 0) await remove(`${ELSEWHERE}/status`);
      else {
        await put(`${MAINTENANCE}?enable=false`);
        await remove(`${ELSEWHERE}/status`);
      }
      expect(await shown(ELSEWHERE), `round ${round}`).to.equal('UP UNKNOWN');
      expect(await critical('web')).to.deep.equal([]);
    }
  });

  it('leaves the maintenance of a whole node alone', async () => {
    expect(await put('/v1/agent/maintenance?enable=true')).to.equal(200);
    expect(await shown(ELSEWHERE)).to.equal('OUT_OF_SERVICE UNKNOWN');
    expect(await remove(`${ELSEWHERE}/status`)).to.equal(200);
    expect(await shown(ELSEWHERE)).to.equal('OUT_OF_SERVICE UNKNOWN');
  });

  it('goes with the instance, whichever side removes it', async () => {
    await put(`${ELSEWHERE}/status?value=DOWN`);
    expect(await put('/v1/agent/service/deregister/web-1')).to.equal(200);
    expect((await send(server.port, 'GET', ELSEWHERE)).status).to.equal(404);
    expect([...tested.registry.state.checks.keys()].filter((key) => key.includes('web-1'))).to.deep.equal([]);
    await put(`${OWN}/status?value=OUT_OF_SERVICE`);
    expect(await put('/v1/catalog/deregister', { Node: 'host-1', ServiceID: 'host-1:orders:8080' })).to.equal(
      200,
    );
    expect((await send(server.port, 'GET', OWN)).status).to.equal(404);
    expect(tested.registry.state.checks.size).to.equal(0);
  });
});
