import Consul from 'consul';
import { expect } from 'chai';
import { eventually } from '../../support/eventually.ts';
import { ConsulServer } from './consul-server.ts';

/** The npm client against Rollcall; with `CONSUL_URL` set, against the Consul that is there. */
describe('The npm consul client', () => {
  let consul: Consul;
  let agent: string;
  let stop: () => Promise<void> = () => Promise.resolve();

  before(async () => {
    const original = process.env['CONSUL_URL'];
    if (original === undefined) {
      const server = await ConsulServer.start();
      stop = () => server.stop();
      consul = new Consul({ host: '127.0.0.1', port: server.port });
    } else {
      consul = new Consul({ host: '127.0.0.1', port: Number(new URL(original).port) });
    }
    const self = (await consul.agent.self()) as { Config: { NodeName: string } };
    agent = self.Config.NodeName;
  });
  after(() => stop());

  async function create(options: Record<string, unknown> = {}): Promise<string> {
    const { ID } = await consul.session.create(options);
    return ID;
  }

  it('creates, renews, finds and destroys sessions', async () => {
    const id = await create({ name: 'client', ttl: '10s', lockdelay: '5s', behavior: 'delete', node: agent });
    const shown = {
      ID: id,
      Name: 'client',
      Node: agent,
      LockDelay: 5e9,
      Behavior: 'delete',
      TTL: '10s',
      NodeChecks: ['serfHealth'],
      ServiceChecks: null,
    };
    const [renewed] = (await consul.session.renew(id)) as object[];
    expect(renewed).to.deep.include(shown);
    expect(await consul.session.info(id)).to.deep.include(shown);
    const ids = (sessions: unknown) => (sessions as { ID: string }[]).map(({ ID }) => ID);
    expect(ids(await consul.session.list())).to.include(id);
    expect(ids(await consul.session.node(agent))).to.include(id);
    await consul.session.destroy(id);
    expect(await consul.session.info(id)).to.equal(undefined);
    const missing = await consul.session.renew(id).then(
      () => 'renewed',
      (error: unknown) => String(error),
    );
    expect(missing).to.include('not found');
  });

  it('takes, keeps and gives up locks', async () => {
    const first = await create({ lockdelay: '0s' });
    const second = await create();
    const take = (acquire: string) => consul.kv.set({ key: 'client/lock', value: 'me', acquire });
    expect([await take(first), await take(second), await take(first)]).to.deep.equal([true, undefined, true]);
    expect(await consul.kv.get('client/lock')).to.include({ Session: first, LockIndex: 1 });
    expect(await consul.kv.set({ key: 'client/lock', value: '', release: first })).to.equal(true);
    expect(await take(second)).to.equal(true);
    await consul.session.destroy(second);
    expect(await take(first), 'within the lock delay').to.equal(undefined);
    await consul.session.destroy(first);
    await consul.kv.del('client/lock');
  });

  it('applies transactions, or none of their operations', async () => {
    // The client's types do not say what it takes.
    const transact = (operations: readonly object[]) => consul.transaction.create(operations as never);
    const result = (await transact([
      { KV: { Verb: 'set', Key: 'client/a', Value: Buffer.from('1').toString('base64') } },
      { KV: { Verb: 'get', Key: 'client/a' } },
    ])) as unknown as { Results: { KV: { Key: string; Value: string | null } }[]; Errors: null };
    expect(result.Errors).to.equal(null);
    expect(result.Results.map(({ KV }) => KV.Value)).to.deep.equal([null, 'MQ==']);
    const refused = await transact([
      { KV: { Verb: 'set', Key: 'client/b', Value: '' } },
      { KV: { Verb: 'check-not-exists', Key: 'client/a' } },
    ]).then(
      () => 'applied',
      (error: unknown) => (error as { statusCode?: number }).statusCode,
    );
    expect(refused).to.equal(409);
    expect(await consul.kv.get('client/b')).to.equal(undefined);
    await consul.kv.del('client/a');
  });

  it('fires and lists events', async () => {
    const fired = (await consul.event.fire({ name: 'client', payload: 'hello' })) as { ID: string };
    const listed = await eventually(async () => {
      const events = (await consul.event.list('client')) as { ID: string; Payload: string }[];
      return events.find(({ ID }) => ID === fired.ID);
    }, 'the event');
    expect(listed.Payload).to.equal('hello');
  });
});
