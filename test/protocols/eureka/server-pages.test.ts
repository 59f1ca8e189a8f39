import { expect } from 'chai';
import { anEurekaInstance, EurekaServer, NOW } from '../../support/eureka-server.ts';

describe('eureka pages about the server', () => {
  let server: EurekaServer;
  beforeEach(async () => {
    server = await EurekaServer.start();
  });
  afterEach(async () => {
    await server.stop();
  });

  it('say how the server is', async () => {
    server.clock.time += (2 * 1440 + 3 * 60 + 4) * 60_000;
    const status = (await server.json('/eureka/status')) as {
      generalStats: object;
      applicationStats: object;
      instanceInfo: object;
    };
    expect(Object.keys(status)).to.deep.equal([
      'generalStats',
      'applicationStats',
      'instanceInfo',
      'healthy',
    ]);
    expect(status).to.include({ healthy: true });
    expect(status.generalStats).to.include({ environment: 'dc1', 'server-uptime': '2 days 03:04' });
    expect(Object.keys(status.generalStats)).to.deep.equal([
      'environment',
      'num-of-cpus',
      'total-avail-memory',
      'current-memory-usage',
      'server-uptime',
      'self-preservation',
      'leases',
      'leases-held',
      'eviction-budget',
    ]);
    expect(status.generalStats).to.include({ 'self-preservation': 'inactive', 'leases-held': '0' });
    expect(Object.keys(status.applicationStats)).to.deep.equal([
      'registered-replicas',
      'available-replicas',
      'unavailable-replicas',
    ]);
    const url = `http://127.0.0.1:${String(server.port)}/`;
    expect(status.instanceInfo).to.deep.include({
      instanceId: 'registry-1',
      ipAddr: '127.0.0.1',
      status: 'UP',
      port: { $: server.port, '@enabled': 'true' },
      homePageUrl: url,
      statusPageUrl: `${url}eureka/status`,
      isCoordinatingDiscoveryServer: 'true',
    });
    expect((await server.get('/eureka/status')).status).to.equal(200);
    await server.closeStore();
    expect(await server.json('/eureka/status')).to.include({ healthy: false });
  });

  it('list who came and went last, the newest first', async () => {
    for (const instanceId of ['a', '<b>']) {
      expect(await server.register(anEurekaInstance({ instanceId }))).to.equal(204);
    }
    server.clock.time += 5;
    expect(await server.delete('/eureka/apps/ORDERS/a')).to.equal(200);
    const { text, headers } = await server.get('/eureka/lastn');
    expect(headers['content-type']).to.equal('text/html; charset=utf-8');
    const rows = [...text.matchAll(/<td>(.*?)<\/td><td>(.*?)<\/td>/g)].map(
      ([, at, lease]) => `${at} ${lease}`,
    );
    expect(rows).to.deep.equal([
      `${String(NOW + 5)} ORDERS(a)`,
      `${String(NOW)} ORDERS(&lt;b&gt;)`,
      `${String(NOW)} ORDERS(a)`,
    ]);
  });

  it('list the overrides', async () => {
    expect(await server.json('/eureka/serverinfo/statusoverrides')).to.deep.equal({});
    expect(await server.register(anEurekaInstance({ instanceId: 'a' }))).to.equal(204);
    expect(await server.put('/eureka/apps/ORDERS/a/status?value=DOWN')).to.equal(200);
    expect(await server.json('/eureka/serverinfo/statusoverrides')).to.deep.equal({ a: 'DOWN' });
  });

  it('Compat(eureka): auto scaling groups are for Eureka on Amazon only, and refused elsewhere', async () => {
    expect(await server.put('/eureka/asg/g/status?value=ENABLED')).to.equal(400);
  });
});
