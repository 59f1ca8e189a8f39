import { expect } from 'chai';
import { ConsulServer } from './consul-server.ts';

interface Member {
  readonly Name: string;
  readonly Addr: string;
  readonly Status: number;
  readonly Tags: Readonly<Record<string, string>>;
}

interface Self {
  readonly Config: Readonly<Record<string, unknown>>;
  readonly Member: Member;
  readonly Stats: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

describe('Consul about the registry itself', () => {
  let server: ConsulServer;

  before(async () => {
    server = await ConsulServer.start();
  });

  after(() => server.stop());

  it('Compat(consul): the agent names the version of Consul that it speaks', async () => {
    const { Config, Member, Stats } = await server.json<Self>('/v1/agent/self');
    expect(Config).to.include({
      Datacenter: 'dc1',
      NodeName: 'rollcall',
      Server: true,
      Version: '1.22.0',
      Revision: 'rollcall-0.0.0-test',
    });
    expect(Member).to.include({ Name: 'rollcall', Addr: '127.0.0.1', Status: 1 });
    expect(Stats['consul']).to.include({ leader_addr: `127.0.0.1:${String(server.port)}`, server: 'true' });
  });

  it('lists the registry nodes and the agent as members', async () => {
    const members = await server.json<Member[]>('/v1/agent/members');
    expect(members.map(({ Name, Status, Tags }) => [Name, Status, Tags['role']])).to.deep.equal([
      ['registry-1', 1, 'consul'],
      ['rollcall', 1, 'node'],
    ]);
  });

  it('Compat(consul): members of the WAN pool are null where there is none', async () => {
    expect((await server.get('/v1/agent/members?wan=1')).text).to.equal('null');
  });

  it('names a leader and its peers', async () => {
    const address = `127.0.0.1:${String(server.port)}`;
    expect((await server.get('/v1/status/leader')).text).to.equal(`"${address}"`);
    expect((await server.get('/v1/status/peers')).text).to.equal(`["${address}"]`);
  });

  it("Compat(consul): the registry's own service is in the catalog, and no service of the agent", async () => {
    expect(await server.json('/v1/catalog/services')).to.have.property('consul');
    expect(await server.json('/v1/agent/services')).to.deep.equal({});
    await server.put('/v1/catalog/register', {
      Node: 'rollcall',
      SkipNodeUpdate: true,
      Service: { Service: 'consul' },
    });
    expect(await server.json('/v1/agent/services')).to.deep.equal({});
    expect((await server.get('/v1/agent/service/consul')).status).to.equal(404);
    await server.put('/v1/catalog/deregister', { Node: 'rollcall', ServiceID: 'consul' });
  });

  it("Compat(consul): the node's membership check is in the catalog, and no check of the agent", async () => {
    expect((await server.get('/v1/health/node/rollcall')).text).to.include('"CheckID":"serfHealth"');
    expect(await server.json('/v1/agent/checks')).to.deep.equal({});
  });

  it('leaves the node of the agent as it is when services register', async () => {
    await server.put('/v1/catalog/register', {
      Node: 'rollcall',
      Address: '10.9.9.9',
      NodeMeta: { by: 'hand' },
    });
    await server.put('/v1/agent/service/register', { Name: 'guest' });
    expect((await server.get('/v1/catalog/service/guest')).text).to.include('"NodeMeta":{"by":"hand"}');
  });

  it('registers anew after somebody removed the node of the agent', async () => {
    await server.put('/v1/catalog/deregister', { Node: 'rollcall' });
    expect((await server.put('/v1/agent/service/register', { Name: 'back' })).status).to.equal(200);
    expect((await server.get('/v1/health/service/back')).text).to.include('"Node":"rollcall"');
  });

  it('Compat(consul): a node without services has null here, and {} in catalog/node', async () => {
    await server.put('/v1/catalog/register', { Node: 'bare', Address: '10.0.0.1' });
    expect(await server.json('/v1/catalog/node-services/bare')).to.have.property('Services', null);
    expect(await server.json('/v1/catalog/node/bare')).to.have.deep.property('Services', {});
  });

  it('Compat(consul): metadata that were never given are null here and empty elsewhere', async () => {
    await server.put('/v1/agent/service/register', { Name: 'plain' });
    const [entry] = await server.json<{ Service: object }[]>('/v1/health/service/plain');
    expect(entry?.Service).to.have.property('Meta', null);
    const [row] = await server.json<object[]>('/v1/catalog/service/plain');
    expect(row).to.have.deep.property('ServiceMeta', {});
  });

  it('Compat(consul): the refusal of conflicting flags ends in a line break', async () => {
    const answer = await server.put('/v1/kv/k?cas=0&acquire=x', 'x');
    expect(answer).to.include({ status: 400, text: 'Conflicting flags: acquire=x&cas=0\n' });
  });

  it('refuses locks and filter expressions rather than ignoring them', async () => {
    expect(await server.put('/v1/kv/k?acquire=x', 'x')).to.include({ status: 500 });
    expect(await server.get('/v1/kv/k')).to.include({ status: 404 });
    for (const path of [
      '/v1/health/service/x',
      '/v1/catalog/nodes',
      '/v1/agent/services',
      '/v1/agent/checks',
      '/v1/agent/members',
    ]) {
      expect(await server.get(`${path}?filter=a==b`), path).to.include({ status: 500 });
    }
  });
});
