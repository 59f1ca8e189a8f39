import { expect } from 'chai';
import Consul from 'consul';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DnsLookup } from '../support/dns-lookup.ts';
import { eventually } from '../support/eventually.ts';
import { registerWithEureka } from '../support/eureka-client.ts';
import { send } from '../support/http.ts';
import { cleanUp, startRollcall, type RollcallProcess } from '../support/rollcall-process.ts';
import { bothStores } from '../support/stores.ts';

interface HealthEntry {
  readonly Service: { readonly ID: string; readonly Port: number };
}

for (const store of bothStores()) {
  describe(`the main job on the ${store.name} store`, function () {
    this.timeout(60_000);
    let rollcall: RollcallProcess;
    let consul: Consul;
    let dns: DnsLookup;

    before(async function () {
      const settings = await store.start(this);
      rollcall = await startRollcall({
        ...settings,
        CHECK_DEREGISTER_MIN: '1s',
        CHECK_INTERVAL_MIN: '100ms',
      });
      consul = new Consul({ host: '127.0.0.1', port: rollcall.httpPort });
      dns = new DnsLookup(rollcall.dnsPort);
    });
    after(async () => {
      await (rollcall as RollcallProcess | undefined)?.stop();
      await store.stop();
      await cleanUp();
    });

    const passing = async (service: string): Promise<string[]> => {
      const entries = (await consul.health.service({ service, passing: true })) as HealthEntry[];
      return entries.map(({ Service }) => Service.ID);
    };

    it('prints one ready line that says where it serves', () => {
      const where =
        store.name === 'embedded' ? 'store=embedded data=/' : 'store=redis data=redis://127.0.0.1:';
      expect(rollcall.readyLine).to.match(
        /^rollcall ready http=127\.0\.0\.1:\d+ dns=127\.0\.0\.1:\d+ store=/,
      );
      expect(rollcall.readyLine).to.contain(where);
    });

    it('registers by the consul client, and is found by name over HTTP and DNS', async () => {
      await consul.agent.service.register({
        name: 'orders',
        id: 'orders-1',
        address: '10.1.1.1',
        port: 8080,
        tags: ['v1'],
      });
      expect(await passing('orders')).to.deep.equal(['orders-1']);
      expect(await dns.a('orders.service.consul')).to.deep.equal(['10.1.1.1']);
      expect(await dns.a('v1.orders.service.rollcall')).to.deep.equal(['10.1.1.1']);
      expect(await dns.srv('_orders._tcp.service.consul')).to.deep.equal(['8080 0a010101.addr.dc1.consul']);
      expect(await consul.catalog.service.list()).to.deep.include({ orders: ['v1'] });
      await consul.agent.service.deregister('orders-1');
      expect(await passing('orders')).to.deep.equal([]);
      expect(await dns.a('orders.service.consul')).to.deep.equal([]);
    });

    it('registers by the Eureka client, and is found through Consul, DNS and the ring', async () => {
      const eureka = await registerWithEureka(rollcall.httpPort, {
        app: 'billing',
        host: 'host-7',
        ip: '10.2.2.2',
        port: 9090,
      });
      expect(await passing('billing')).to.deep.equal(['host-7:billing']);
      expect(await dns.a('billing.service.consul')).to.deep.equal(['10.2.2.2']);
      const owner = await send(rollcall.httpPort, 'GET', '/api/v1/services/billing/owner?key=k');
      expect(JSON.parse(owner.text)).to.deep.include({
        owner: { id: 'host-7:billing', node: 'host-7', address: '10.2.2.2', port: 9090 },
      });
      await eureka.stop();
      expect(await passing('billing')).to.deep.equal([]);
    });

    it('turns a silent service critical within TTL + 1 s, and deregisters it after its time', async () => {
      const check = { ttl: '2s', status: 'passing', deregistercriticalserviceafter: '2s' };
      await consul.agent.service.register({ name: 'beat', port: 1, check } as never);
      for (let i = 0; i < 3; i++) {
        await consul.agent.check.pass('service:beat');
        await new Promise((resolve) => setTimeout(resolve, 900));
        expect(await passing('beat'), `after heartbeat ${String(i)}`).to.deep.equal(['beat']);
      }
      const silentSince = performance.now();
      await consul.agent.check.pass('service:beat');
      await eventually(async () => (await passing('beat')).length === 0, 'the check turns critical');
      const critical = performance.now() - silentSince;
      expect(critical).to.be.within(2000, 3100);
      await eventually(
        async () => !('beat' in ((await consul.agent.service.list()) as object)),
        'the service goes',
      );
      expect(performance.now() - silentSince - critical).to.be.within(1500, 3500);
    });

    it('takes an instance out of lookups when its HTTP check fails, and back when it recovers', async () => {
      const backend = await startBackend();
      try {
        for (const [id, path] of [
          ['a', '/a'],
          ['b', '/b'],
        ] as const) {
          const check = { http: `${backend.url}${path}`, interval: '100ms', timeout: '1s' };
          await consul.agent.service.register({
            name: 'api',
            id: `api-${id}`,
            address: '127.0.0.1',
            port: 80,
            check,
          } as never);
        }
        await eventually(async () => (await passing('api')).length === 2, 'both checks pass');
        backend.failing.add('/a');
        await eventually(async () => (await passing('api')).join() === 'api-b', 'the failing instance goes');
        expect(await dns.srv('api.service.consul')).to.have.length(1);
        const owners = new Set(
          await Promise.all(
            Array.from({ length: 20 }, (_, i) => ownerOf(rollcall, 'api', `key-${String(i)}`)),
          ),
        );
        expect([...owners]).to.deep.equal(['api-b']);
        backend.failing.clear();
        await eventually(async () => (await passing('api')).length === 2, 'it comes back');
      } finally {
        await backend.stop();
      }
    });

    it('keeps the owner of a key while other instances come and go', async () => {
      const register = (n: number) =>
        consul.agent.service.register({
          name: 'cart',
          id: `cart-${String(n)}`,
          address: `10.3.0.${String(n)}`,
          port: 80,
        });
      for (const n of [1, 2, 3, 4]) await register(n);
      const keys = Array.from({ length: 100 }, (_, i) => `user-${String(i)}`);
      const owners = async () => Promise.all(keys.map((key) => ownerOf(rollcall, 'cart', key)));
      const before = await owners();
      expect(new Set(before).size).to.equal(4);
      await register(5);
      const joined = await owners();
      keys.forEach((key, i) => expect(joined[i], key).to.be.oneOf([before[i], 'cart-5']));
      await consul.agent.service.deregister('cart-5');
      expect(await owners()).to.deep.equal(before);
      await consul.agent.service.deregister('cart-2');
      const left = await owners();
      keys.forEach((_, i) => {
        if (before[i] !== 'cart-2') expect(left[i]).to.equal(before[i]);
      });
    });

    it('keeps configuration keys, and wakes who waits for one', async () => {
      await consul.kv.set('app/limit', '10');
      expect(await consul.kv.get('app/limit')).to.include({ Value: '10' });
      const { ModifyIndex } = (await consul.kv.get('app/limit')) as unknown as { ModifyIndex: string };
      const blocked = send(rollcall.httpPort, 'GET', `/v1/kv/app/limit?raw&index=${ModifyIndex}&wait=30s`);
      await consul.kv.set('app/limit', '20');
      expect((await blocked).text).to.equal('20');
      expect(await consul.kv.keys('app/')).to.deep.equal(['app/limit']);
      await consul.kv.del('app/limit');
      expect(await consul.kv.get('app/limit')).to.equal(undefined);
    });

    it('shows its own node and the logical agent in the catalog', async () => {
      const names = ((await consul.catalog.node.list()) as { Node: string }[]).map(({ Node }) => Node);
      expect(names).to.include('rollcall');
      const servers = (await consul.health.service({ service: 'consul', passing: true })) as HealthEntry[];
      expect(servers).to.have.length(1);
      expect(await consul.status.leader()).to.match(/^127\.0\.0\.1:\d+$/);
    });
  });
}

async function ownerOf(rollcall: RollcallProcess, service: string, key: string): Promise<string> {
  const answer = await send(rollcall.httpPort, 'GET', `/api/v1/services/${service}/owner?key=${key}`);
  return (JSON.parse(answer.text) as { owner: { id: string } }).owner.id;
}

interface Backend {
  readonly url: string;
  /** Paths that answer 500. */
  readonly failing: Set<string>;
  stop(): Promise<void>;
}

async function startBackend(): Promise<Backend> {
  const failing = new Set<string>();
  const server: Server = createServer((request, response) => {
    response.writeHead(failing.has(request.url ?? '') ? 500 : 200).end('backend');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    failing,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
