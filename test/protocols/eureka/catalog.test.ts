import { expect } from 'chai';
import { serviceQuery, type InstanceView, type Registration } from '../../../src/core/index.ts';
import { anEurekaInstance, EurekaServer, NOW } from '../../support/eureka-server.ts';
import { aCheck, aNode, anInstance } from '../../support/pure-catalog.ts';

describe('eureka and the one catalog', () => {
  let server: EurekaServer;
  beforeEach(async () => {
    server = await EurekaServer.start();
  });
  afterEach(async () => {
    await server.stop();
  });

  const lookup = (service: string): readonly InstanceView[] =>
    serviceQuery(service).run(server.registry.state);
  const elsewhere = (registration: Partial<Registration>) =>
    server.registry.catalog.register({ keepNode: false, checks: [], replaceChecks: false, ...registration });
  const applications = async () => {
    const { applications } = (await server.json('/eureka/apps')) as {
      applications: {
        apps__hashcode: string;
        application: { name: string; instance: Record<string, unknown>[] }[];
      };
    };
    return applications;
  };

  describe('an instance registered through Eureka', () => {
    it('lives on the node of its host name, with a lease as its check', async () => {
      expect(
        await server.register(
          anEurekaInstance({ metadata: { zone: 'a' }, leaseInfo: { durationInSecs: 45 } }),
        ),
      ).to.equal(204);
      const [{ node, instance, checks } = expect.fail('not found')] = lookup('orders');
      expect(node).to.include({ name: 'host-1', address: '10.0.0.1', transient: true });
      expect(instance).to.deep.include({
        id: 'host-1:orders:8080',
        service: 'orders',
        address: '10.0.0.1',
        port: 8080,
        meta: { zone: 'a' },
      });
      expect(checks).to.have.length(1);
      expect(checks[0]).to.deep.include({
        id: 'eureka:host-1:orders:8080',
        name: 'Eureka lease',
        status: 'passing',
        output: 'Eureka status UP',
        source: { kind: 'lease', ttlMs: 45_000 },
      });
    });

    it('passes its check only while it is UP', async () => {
      for (const [status, expected] of [
        ['STARTING', 'critical'],
        ['UP', 'passing'],
        ['DOWN', 'critical'],
      ]) {
        expect(await server.register(anEurekaInstance({ status }))).to.equal(204);
        expect(lookup('orders')[0]?.checks[0]).to.include({
          status: expected,
          output: `Eureka status ${String(status)}`,
        });
      }
      await server.put('/eureka/apps/ORDERS/host-1:orders:8080/status?value=OUT_OF_SERVICE');
      expect(lookup('orders')[0]?.checks[0]).to.include({ status: 'critical' });
    });

    it('is reached on its secure port where only that is enabled', async () => {
      const securePort = { $: 8443, '@enabled': 'true' };
      expect(
        await server.register(anEurekaInstance({ securePort, port: { $: 8080, '@enabled': 'false' } })),
      ).to.equal(204);
      expect(lookup('orders')[0]?.instance.port).to.equal(8443);
      expect(await server.register(anEurekaInstance({ securePort }))).to.equal(204);
      expect(lookup('orders')[0]?.instance.port).to.equal(8080);
      expect(await server.register(anEurekaInstance({ port: { $: 70_000 } }))).to.equal(204);
      expect(lookup('orders')[0]?.instance.port).to.equal(0);
    });

    it('leaves a node alone that somebody else registered', async () => {
      await elsewhere({ node: aNode('host-1', { address: '192.168.0.1', meta: { rack: '7' } }) });
      expect(await server.register(anEurekaInstance())).to.equal(204);
      expect(server.registry.state.node('host-1')).to.deep.include({
        address: '192.168.0.1',
        meta: { rack: '7' },
      });
      await server.delete('/eureka/apps/ORDERS/host-1:orders:8080');
      expect(server.registry.state.node('host-1')).to.include({ name: 'host-1' });
    });

    it('takes its own node along to another address', async () => {
      expect(await server.register(anEurekaInstance())).to.equal(204);
      expect(await server.register(anEurekaInstance({ ipAddr: '10.0.0.9' }))).to.equal(204);
      expect(server.registry.state.node('host-1')).to.include({ address: '10.0.0.9', transient: true });
    });

    it('moves with its host name and leaves nothing behind', async () => {
      expect(await server.register(anEurekaInstance())).to.equal(204);
      expect(await server.register(anEurekaInstance({ hostName: 'host-2', ipAddr: '10.0.0.2' }))).to.equal(
        204,
      );
      expect(lookup('orders').map(({ node }) => node.name)).to.deep.equal(['host-2']);
      expect(server.registry.state.node('host-1')).to.equal(undefined);
      expect(server.registry.state.checks.size).to.equal(1);
    });

    it('keeps its id apart from that of another application on its host', async () => {
      for (const app of ['ORDERS', 'CART'])
        expect(await server.register(anEurekaInstance({ app, instanceId: 'host-1' }))).to.equal(204);
      expect(lookup('orders')).to.have.length(1);
      expect(lookup('cart')).to.have.length(1);
      expect(await server.put('/eureka/apps/CART/host-1')).to.equal(200);
      expect(await server.delete('/eureka/apps/ORDERS/host-1')).to.equal(200);
      expect(await server.instance('CART', 'host-1')).to.include({ instanceId: 'host-1', app: 'CART' });
    });

    it('keeps the checks that others gave it when it registers again', async () => {
      const check = aCheck('host-1', 'probe', { instanceId: 'host-1:orders:8080' });
      expect(await server.register(anEurekaInstance())).to.equal(204);
      await elsewhere({ checks: [{ ...check, overwriteStatus: true }] });
      expect(await server.register(anEurekaInstance())).to.equal(204);
      expect(lookup('orders')[0]?.checks.map(({ id }) => id)).to.deep.equal([
        'eureka:host-1:orders:8080',
        'probe',
      ]);
    });

    it('shows the health that other checks give it', async () => {
      expect(await server.register(anEurekaInstance())).to.equal(204);
      const shown = async (check: Partial<Parameters<typeof aCheck>[2]>, id: string) => {
        await elsewhere({ checks: [{ ...aCheck('host-1', id, check), overwriteStatus: true }] });
        return (await server.instance('ORDERS', 'host-1:orders:8080'))['status'];
      };
      const instanceId = 'host-1:orders:8080';
      expect(await shown({ instanceId, status: 'warning' }, 'probe')).to.equal('UP');
      expect(await shown({ instanceId, status: 'critical' }, 'probe')).to.equal('DOWN');
      expect(await shown({ instanceId, status: 'critical' }, `_service_maintenance:${instanceId}`)).to.equal(
        'OUT_OF_SERVICE',
      );
      expect((await applications()).apps__hashcode).to.equal('OUT_OF_SERVICE_1_');
      expect(await server.put(`/eureka/apps/ORDERS/${instanceId}`)).to.equal(200);
    });
  });

  describe('an instance registered elsewhere', () => {
    const web = anInstance('node-1', 'Web', {
      id: 'web-1',
      address: '10.1.0.1',
      port: 8081,
      meta: { team: 'a' },
    });

    it('is listed with sound defaults', async () => {
      await elsewhere({ node: aNode('node-1', { address: '10.1.0.9' }), instance: web });
      const { application, apps__hashcode } = await applications();
      expect(apps__hashcode).to.equal('UP_1_');
      expect(JSON.stringify(application)).to.equal(
        JSON.stringify([
          {
            name: 'WEB',
            instance: [
              {
                instanceId: 'node-1:web-1',
                hostName: '10.1.0.1',
                app: 'WEB',
                ipAddr: '10.1.0.1',
                status: 'UP',
                overriddenStatus: 'UNKNOWN',
                port: { $: 8081, '@enabled': 'true' },
                securePort: { $: 443, '@enabled': 'false' },
                countryId: 1,
                dataCenterInfo: {
                  '@class': 'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo',
                  name: 'MyOwn',
                },
                leaseInfo: {
                  renewalIntervalInSecs: 30,
                  durationInSecs: 90,
                  registrationTimestamp: 0,
                  lastRenewalTimestamp: 0,
                  evictionTimestamp: 0,
                  serviceUpTimestamp: 0,
                },
                metadata: { team: 'a' },
                vipAddress: 'Web',
                isCoordinatingDiscoveryServer: 'false',
                lastUpdatedTimestamp: '0',
                lastDirtyTimestamp: '0',
                actionType: 'ADDED',
              },
            ],
          },
        ]),
      );
    });

    it('is listed without the metadata that clients choke on', async () => {
      const meta = { '@class': 'x', '': 'y', a: 'b' };
      await elsewhere({ node: aNode('node-1'), instance: { ...web, meta } });
      expect((await server.instance('WEB', 'node-1:web-1'))['metadata']).to.deep.equal({ a: 'b' });
      expect((await server.get('/eureka/apps')).text).to.match(/<metadata>\s*<a>b<\/a>\s*<\/metadata>/);
    });

    it("is reached at its node's address where it has none, and at an IP address where there is one", async () => {
      await elsewhere({ node: aNode('node-1', { address: '10.1.0.9' }), instance: { ...web, address: '' } });
      expect(await server.instance('WEB', 'node-1:web-1')).to.include({
        hostName: '10.1.0.9',
        ipAddr: '10.1.0.9',
      });
      await elsewhere({ instance: { ...web, address: 'web.example' } });
      expect(await server.instance('WEB', 'node-1:web-1')).to.include({
        hostName: 'web.example',
        ipAddr: '10.1.0.9',
      });
      await applications();
      await elsewhere({ node: aNode('node-1', { address: '10.1.0.8' }) });
      expect((await applications()).application[0]?.instance[0]).to.include({ ipAddr: '10.1.0.8' });
    });

    it('is DOWN while it or its node is critical, and OUT_OF_SERVICE in maintenance', async () => {
      await elsewhere({ node: aNode('node-1'), instance: web });
      const status = async (id: string, status: 'passing' | 'critical', instanceId = '') => {
        await elsewhere({
          checks: [{ ...aCheck('node-1', id, { status, instanceId }), overwriteStatus: true }],
        });
        return (await applications()).apps__hashcode;
      };
      expect(await status('probe', 'critical', 'web-1')).to.equal('DOWN_1_');
      expect(await status('probe', 'passing', 'web-1')).to.equal('UP_1_');
      expect(await status('disk', 'critical')).to.equal('DOWN_1_');
      expect(await status('_node_maintenance', 'critical')).to.equal('OUT_OF_SERVICE_1_');
    });

    it('is UP while it only warns', async () => {
      const checks = [
        { ...aCheck('node-1', 'probe', { status: 'warning', instanceId: 'web-1' }), overwriteStatus: true },
      ];
      await elsewhere({ node: aNode('node-1'), instance: web, checks });
      expect(await server.instance('WEB', 'node-1:web-1')).to.include({ status: 'UP' });
    });

    it('is listed under any name, and without a port', async () => {
      const name = 'Web shop/<ü>&"\u0001';
      await elsewhere({
        node: aNode('node-1'),
        instance: anInstance('node-1', name, { id: 'a b/c', port: 0, meta: { 'x:y': '1', '\u0001': 'z' } }),
      });
      const path = `/eureka/apps/${encodeURIComponent(name)}`;
      expect(
        await server.instance(encodeURIComponent(name), encodeURIComponent('node-1:a b/c')),
      ).to.deep.include({
        app: name.toUpperCase(),
        vipAddress: name,
        port: { $: 0, '@enabled': 'false' },
      });
      expect((await server.get('/eureka/apps')).text).to.include(
        '<name>WEB SHOP/&lt;Ü&gt;&amp;&quot;</name>',
      );
      expect((await server.get(path)).text).to.include('<x_.003ay>1</x_.003ay>');
      expect((await server.get(`/eureka/vips/${encodeURIComponent(name)}`)).text).to.include('UP_1_');
      expect(await server.delete(`${path}/${encodeURIComponent('node-1:a b/c')}`)).to.equal(200);
    });

    it('is told from others of its service by its node', async () => {
      for (const node of ['node-1', 'node-2']) {
        await elsewhere({ node: aNode(node), instance: anInstance(node, 'web', { id: 'web' }) });
      }
      const { application } = await applications();
      expect(application[0]?.instance.map(({ instanceId }) => instanceId)).to.deep.equal([
        'node-1:web',
        'node-2:web',
      ]);
      expect(await server.delete('/eureka/apps/WEB/node-2:web')).to.equal(200);
      expect(await server.instance('WEB', 'node-1:web')).to.include({ app: 'WEB' });
    });

    it('can be cancelled, but has no lease to renew and no metadata to add to', async () => {
      await elsewhere({ node: aNode('node-1'), instance: web });
      expect(await server.put('/eureka/apps/WEB/node-1:web-1')).to.equal(404);
      expect(await server.put('/eureka/apps/WEB/node-1:web-1/metadata?a=b')).to.equal(404);
      expect(await server.delete('/eureka/apps/WEB/node-1:web-1')).to.equal(200);
      expect(lookup('web')).to.deep.equal([]);
    });

    it('is replaced by one that registers through Eureka under the id it is shown with', async () => {
      await elsewhere({ node: aNode('node-1'), instance: web });
      await server.put('/eureka/apps/WEB/node-1:web-1/status?value=OUT_OF_SERVICE');
      const own = { app: 'WEB', hostName: 'node-1', instanceId: 'node-1:web-1' };
      expect(await server.register(anEurekaInstance(own))).to.equal(204);
      expect(lookup('web').map(({ instance }) => instance.id)).to.deep.equal(['node-1:web-1']);
      expect(await server.instance('WEB', 'node-1:web-1')).to.include({
        ipAddr: '10.0.0.1',
        status: 'OUT_OF_SERVICE',
        overriddenStatus: 'OUT_OF_SERVICE',
      });
      expect(await server.put('/eureka/apps/WEB/node-1:web-1')).to.equal(200);
      expect(await server.delete('/eureka/apps/WEB/node-1:web-1/status?value=UP')).to.equal(200);
      expect(await server.instance('WEB', 'node-1:web-1')).to.include({ status: 'UP' });
    });

    it('becomes an Eureka instance when it registers there under its own id', async () => {
      await elsewhere({
        node: aNode('host-1'),
        instance: anInstance('host-1', 'orders', { id: 'host-1:orders:8080' }),
      });
      await server.put(`/eureka/apps/ORDERS/host-1:host-1:orders:8080/status?value=OUT_OF_SERVICE`);
      expect(await server.register(anEurekaInstance())).to.equal(204);
      expect(lookup('orders')).to.have.length(1);
      expect(await server.put('/eureka/apps/ORDERS/host-1:orders:8080')).to.equal(200);
      expect(await server.instance('ORDERS', 'host-1:orders:8080')).to.include({ status: 'OUT_OF_SERVICE' });
    });

    it('is not listed where it is the registry itself', async () => {
      await elsewhere({ node: aNode('node-1'), instance: anInstance('node-1', 'consul') });
      expect((await applications()).application).to.deep.equal([]);
      expect((await server.get('/eureka/instances/node-1:consul')).status).to.equal(404);
      expect(await server.delete('/eureka/apps/CONSUL/node-1:consul')).to.equal(404);
    });
  });

  it('groups services whose names differ in case as one application, as lookups do', async () => {
    await elsewhere({ node: aNode('node-1'), instance: anInstance('node-1', 'Web', { id: '1' }) });
    await elsewhere({ instance: anInstance('node-1', 'web', { id: '2' }) });
    expect((await applications()).application.map(({ instance }) => instance.length)).to.deep.equal([2]);
  });

  it('shows when each instance was renewed last, though others have not changed', async () => {
    for (const id of ['a', 'b'])
      expect(await server.register(anEurekaInstance({ instanceId: id }))).to.equal(204);
    await applications();
    server.clock.time = NOW + 7000;
    expect(await server.put('/eureka/apps/ORDERS/a')).to.equal(200);
    expect(await server.register(anEurekaInstance({ instanceId: 'c' }))).to.equal(204);
    const instances = (await applications()).application[0]?.instance as {
      leaseInfo: { lastRenewalTimestamp: number };
    }[];
    expect(instances.map(({ leaseInfo }) => leaseInfo.lastRenewalTimestamp - NOW)).to.deep.equal([
      7000, 0, 7000,
    ]);
  });
});
