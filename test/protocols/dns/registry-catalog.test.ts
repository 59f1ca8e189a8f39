import { expect } from 'chai';
import { systemClock } from '../../../src/platform/clock.ts';
import { createDnsCatalog, type DnsCatalog } from '../../../src/protocols/dns/index.ts';
import { aCheck, aNode, anInstance } from '../../support/pure-catalog.ts';
import { eventually } from '../../support/eventually.ts';
import { startRegistry, type TestRegistry } from '../../support/registry.ts';

const KEYS = Array.from({ length: 40 }, (_, n) => `user-${n}`);
const ipv4 = (text: string) => Uint8Array.from(text.split('.'), Number);

describe('dns: catalog of the registry', () => {
  let test: TestRegistry;
  let dns: DnsCatalog;

  beforeEach(async () => {
    test = await startRegistry();
    dns = createDnsCatalog(test.registry, systemClock);
    for (const n of [1, 2, 3, 4]) await register(n);
  });
  afterEach(() => test.stop());

  async function register(n: number, status: 'passing' | 'critical' = 'passing'): Promise<void> {
    const node = { ...aNode(`Node-${n}`), address: `10.0.0.${n}` };
    const instance = anInstance(node.name, 'Web', { id: `web-${n}`, port: 80 + n, address: `10.9.0.${n}` });
    const check = aCheck(node.name, `check-${n}`, { instanceId: instance.id, status });
    const checks = [{ ...check, overwriteStatus: true }];
    await test.registry.catalog.register({ node, keepNode: false, instance, checks, replaceChecks: false });
  }

  const ports = (key: string) => dns.preferenceList('web', { text: key }, 1024)?.map(({ port }) => port);

  it('places keys and hashes as the ring does', () => {
    const { rings } = test.registry;
    for (const key of KEYS) {
      const { preference, hash } = rings.place('web', key, 4);
      expect(ports(key), key).to.deep.equal(preference.map(({ instance }) => instance.port));
      expect(
        dns.preferenceList('web', { hash }, 1024)?.map(({ port }) => port),
        key,
      ).to.deep.equal(ports(key));
      expect(dns.preferenceList('web', { text: key }, 2)).to.have.length(2);
    }
    expect(new Set(KEYS.map((key) => ports(key)?.[0])).size).to.equal(4);
    expect(dns.preferenceList('nope', { text: 'k' }, 9)).to.equal(undefined);
  });

  it('passes over the critical, and moves only their keys', async () => {
    const before = KEYS.map(ports);
    await register(2, 'critical');
    expect(KEYS.map(ports)).to.deep.equal(before.map((list) => list?.filter((port) => port !== 82)));
    for (const n of [1, 3, 4]) await register(n, 'critical');
    expect(ports('user-1')).to.equal(undefined);
  });

  it('answers the same array until the service changes', async () => {
    const first = dns.service('web');
    const revision = dns.revision();
    await test.registry.kv.put({ key: 'k', value: new Uint8Array(), flags: '0' });
    expect(dns.revision()).to.be.greaterThan(revision);
    expect(dns.service('web')).to.equal(first);
    await register(2, 'critical');
    expect(dns.service('web')?.map(({ status }) => status)).to.have.members([
      'passing',
      'critical',
      'passing',
      'passing',
    ]);
    expect(dns.service('web', 'nope')).to.deep.equal([]);
  });

  it('names the node at an address, or else the service, as soon as either changes', async () => {
    expect(dns.nameAt(ipv4('10.0.0.3'))).to.equal('Node-3.node');
    expect(dns.nameAt(ipv4('10.9.0.3'))).to.equal('Web.service');
    expect(dns.nameAt(ipv4('10.9.0.5'))).to.equal(undefined);
    await register(5);
    await eventuallyNamed('10.9.0.5', 'Web.service');
    await test.registry.catalog.deregisterNode('Node-3');
    await eventuallyNamed('10.0.0.3', undefined);
    expect(dns.nameAt(ipv4('10.0.0.4'))).to.equal('Node-4.node');
  });

  it('executes prepared queries, for the client where the query says so', async () => {
    const target = {
      service: 'Web',
      failover: { nearest: 0 },
      onlyPassing: true,
      near: '_ip',
      isConnect: false,
    };
    const query = { name: 'Nearby', session: '', token: '', target, ttlMs: 90_500 };
    const id = await test.registry.queries.create(query);
    await register(1, 'critical');
    for (const name of ['nearby', id]) {
      const found = await eventually(() => dns.query(name, '10.0.0.3'), `${name} is there`);
      expect(found.instances.map(({ port }) => port)).to.have.members([82, 83, 84]);
      expect({ service: found.service, ttlSeconds: found.ttlSeconds }).to.deep.equal({
        service: 'Web',
        ttlSeconds: 90,
      });
      for (let n = 0; n < 10; n++) {
        const instances = dns.query(name, '10.0.0.3')?.instances ?? [];
        expect(instances[0]?.port, "the instance on the client's own node").to.equal(83);
        expect(dns.query(name, undefined)?.instances).to.have.length(3);
      }
    }
    expect(dns.query('nope', '10.0.0.3')).to.equal(undefined);
  });

  /** Building the index may not take more than a twentieth of all time, so it may lag by a little. */
  async function eventuallyNamed(address: string, name: string | undefined): Promise<void> {
    await eventually(() => dns.nameAt(ipv4(address)) === name, `${address} is ${name ?? 'nobody'}`);
  }
});
