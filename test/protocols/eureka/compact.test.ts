import { expect } from 'chai';
import { anEurekaInstance, EurekaServer, MY_OWN, NOW } from '../../support/eureka-server.ts';

const COMPACT = { 'X-Eureka-Accept': 'compact' };
const COMPACT_JSON = { ...COMPACT, Accept: 'application/json' };

const INSTANCE = {
  instanceId: 'host-1:orders:8080',
  app: 'ORDERS',
  ipAddr: '10.0.0.1',
  vipAddress: 'orders',
  dataCenterInfo: MY_OWN,
  hostName: 'host-1',
  status: 'UP',
  lastUpdatedTimestamp: NOW,
  actionType: 'ADDED',
  asgName: 'group',
  port: { $: 8080, '@enabled': 'true' },
  securePort: { $: 443, '@enabled': 'false' },
};
const APPLICATION = { name: 'ORDERS', instance: [INSTANCE] };

const APPLICATION_XML =
  '<application><name>ORDERS</name><instance><instanceId>host-1:orders:8080</instanceId><app>ORDERS</app>' +
  '<ipAddr>10.0.0.1</ipAddr><vipAddress>orders</vipAddress>' +
  `<dataCenterInfo class="${MY_OWN['@class']}"><name>MyOwn</name></dataCenterInfo>` +
  `<hostName>host-1</hostName><status>UP</status><lastUpdatedTimestamp>${String(NOW)}</lastUpdatedTimestamp>` +
  '<actionType>ADDED</actionType><asgName>group</asgName>' +
  '<port enabled="true">8080</port><securePort enabled="false">443</securePort></instance></application>';

describe('eureka compact form', () => {
  let server: EurekaServer;
  beforeEach(async () => {
    server = await EurekaServer.start();
    const fields = { asgName: 'group', metadata: { a: 'b' }, homePageUrl: 'http://host-1/' };
    expect(await server.register(anEurekaInstance(fields))).to.equal(204);
  });
  afterEach(async () => {
    await server.stop();
  });

  it("is JSON with Netflix's keys, order and types", async () => {
    const answered = async (path: string) => (await server.get(path, COMPACT_JSON)).text;
    const applications = (version: string) =>
      JSON.stringify({
        applications: { application: [APPLICATION], versions__delta: version, apps__hashcode: 'UP_1_' },
      });
    expect(await answered('/eureka/apps')).to.equal(applications('1'));
    expect(await answered('/eureka/vips/orders')).to.equal(applications('-1'));
    expect(await answered('/eureka/apps/ORDERS')).to.equal(JSON.stringify({ application: APPLICATION }));
    expect(await answered('/eureka/apps/delta')).to.equal(
      applications(String(server.registry.state.revision)),
    );
  });

  it('is XML without indentation', async () => {
    expect((await server.get('/eureka/apps', COMPACT)).text).to.equal(
      `<applications>${APPLICATION_XML}<versions__delta>1</versions__delta><apps__hashcode>UP_1_</apps__hashcode></applications>`,
    );
    expect((await server.get('/eureka/apps/ORDERS', COMPACT)).text).to.equal(APPLICATION_XML);
  });

  it("has five of Amazon's metadata", async () => {
    const kept = {
      'instance-id': 'i-1',
      'public-ipv4': '1.2.3.4',
      'public-hostname': 'p',
      'local-ipv4': '10.0.0.1',
      'availability-zone': 'a',
    };
    const amazon = { '@class': 'com.netflix.appinfo.AmazonInfo', name: 'Amazon' };
    const dataCenterInfo = { ...amazon, metadata: { ...kept, 'ami-id': 'x', mac: 'y' } };
    expect(await server.register(anEurekaInstance({ dataCenterInfo }))).to.equal(204);
    const { text } = await server.get('/eureka/apps', COMPACT_JSON);
    expect(text).to.include(JSON.stringify({ ...amazon, metadata: kept }));
    const xml = (await server.get('/eureka/apps', COMPACT)).text;
    expect(xml).to.include('<availability-zone>a</availability-zone></metadata></dataCenterInfo>');
    expect(xml).to.not.include('ami-id');
  });

  it('is not for single instances, nor for another word', async () => {
    const path = '/eureka/apps/ORDERS/host-1:orders:8080';
    expect((await server.get(path, COMPACT)).text).to.equal((await server.get(path)).text);
    const full = (await server.get('/eureka/apps')).text;
    expect((await server.get('/eureka/apps', { 'X-Eureka-Accept': 'brief' })).text).to.equal(full);
  });
});
