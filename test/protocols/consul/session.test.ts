import { expect } from 'chai';
import { eventually } from '../../support/eventually.ts';
import { ConsulServer, indexOf } from './consul-server.ts';

interface Session {
  readonly ID: string;
  readonly NodeChecks: readonly string[] | null;
  readonly LockDelay: number;
}

interface Event {
  readonly ID: string;
  readonly Name: string;
  readonly LTime: number;
}

describe('Consul sessions, transactions and events', () => {
  let server: ConsulServer;
  before(async () => {
    server = await ConsulServer.start();
  });
  after(() => server.stop());

  async function create(body: unknown = {}): Promise<string> {
    const { ID } = JSON.parse((await server.put('/v1/session/create', body)).text) as { ID: string };
    return ID;
  }

  async function info(id: string): Promise<Session | undefined> {
    const [session] = await server.json<Session[]>(`/v1/session/info/${id}`);
    return session;
  }

  const fire = async (name: string, body = '') => (await server.put(`/v1/event/fire/${name}`, body)).text;
  const events = (query = '') => server.json<Event[]>(`/v1/event/list${query}`);

  it('Compat(consul): an empty list of old-style checks drops the default check, and so does null', async () => {
    expect((await info(await create({ Checks: [] })))?.NodeChecks).to.deep.equal([]);
    expect((await info(await create({ Checks: null })))?.NodeChecks).to.deep.equal([]);
    expect((await info(await create({})))?.NodeChecks).to.deep.equal(['serfHealth']);
  });

  it('Compat(consul): a lock delay below 1000 nanoseconds counts seconds, however it is written', async () => {
    expect((await info(await create({ LockDelay: 999 })))?.LockDelay).to.equal(999e9);
    expect((await info(await create({ LockDelay: 1000 })))?.LockDelay).to.equal(1000);
    expect((await info(await create({ LockDelay: '5ns' })))?.LockDelay).to.equal(5e9);
  });

  it('wakes whoever waits for a session when that one changes, and not for another one', async () => {
    const id = await create();
    const index = indexOf(await server.get(`/v1/session/info/${id}`));
    let woken = false;
    const waiting = server.get(`/v1/session/info/${id}?index=${String(index)}&wait=60s`).then((answer) => {
      woken = true;
      return answer;
    });
    await eventually(() => server.registry.status().waiters === 1, 'the wait');
    const other = await create();
    const all = server.get(`/v1/session/list?index=${String(index + 1)}&wait=60s`);
    await server.put(`/v1/session/destroy/${other}`);
    expect(indexOf(await all)).to.equal(index + 2);
    expect(woken).to.equal(false);
    await server.put(`/v1/session/destroy/${id}`);
    expect((await waiting).text).to.equal('[]');
  });

  it('tells the fencing token of a lock, which grows where the lock index starts over', async () => {
    const fenceOf = async (path: string) =>
      Number((await server.put(path, 'x')).headers['x-rollcall-fence-index']);
    const id = await create({ LockDelay: '0s' });
    const first = await fenceOf(`/v1/kv/fenced?acquire=${id}`);
    expect(await fenceOf(`/v1/kv/fenced?acquire=${id}`)).to.equal(first);
    expect((await server.get('/v1/kv/fenced')).headers['x-rollcall-fence-index']).to.equal(String(first));
    await server.delete('/v1/kv/fenced');
    expect(await fenceOf(`/v1/kv/fenced?acquire=${id}`)).to.be.above(first);
    await server.put(`/v1/kv/fenced?release=${id}`);
    const free = await server.get('/v1/kv/fenced');
    expect(free.headers).not.to.have.property('x-rollcall-fence-index');
  });

  it('Compat(consul): a transaction that only reads says how fresh its answer is', async () => {
    const reads = await server.put('/v1/txn', [{ KV: { Verb: 'check-not-exists', Key: 'no' } }]);
    expect(reads.headers).to.include({ 'x-consul-knownleader': 'true', 'x-consul-lastcontact': '0' });
    expect(JSON.parse(reads.text)).to.include({ KnownLeader: true, Index: 1 });
    const writes = await server.put('/v1/txn', [{ KV: { Verb: 'delete', Key: 'no' } }]);
    expect(writes.headers).not.to.have.property('x-consul-knownleader');
    expect(writes.text).to.equal('{"Results":[],"Errors":null}');
  });

  it('Compat(consul): a transaction that fails is a conflict, whatever made it fail', async () => {
    const whys = [
      { KV: { Verb: 'cas', Key: 'a', Index: 7 } },
      { KV: { Verb: 'set', Key: '' } },
      { KV: { Verb: 'lock', Key: 'a', Session: 'no-uuid' } },
      { Node: { Verb: 'set', Node: { Node: 'x', ID: 'no-uuid' } } },
      { Check: { Verb: 'set', Check: { Node: 'nowhere', CheckID: 'c' } } },
    ];
    for (const why of whys) expect((await server.put('/v1/txn', [why])).status).to.equal(409);
  });

  it('Compat(consul): no tags are null in a transaction and an empty list elsewhere', async () => {
    const answer = await server.put('/v1/txn', [
      { Node: { Verb: 'set', Node: { Node: 'tagless', Address: '10.0.0.9' } } },
      { Service: { Verb: 'set', Node: 'tagless', Service: { Service: 'plain' } } },
    ]);
    expect(answer.text).to.include('"Service":"plain","Tags":null');
    expect((await server.get('/v1/catalog/service/plain')).text).to.include('"ServiceTags":[]');
  });

  it('refuses a value that is larger than a key takes', async () => {
    const Value = Buffer.alloc(600_000).toString('base64');
    const answer = await server.put('/v1/txn', [{ KV: { Verb: 'set', Key: 'big', Value } }]);
    expect([answer.status, answer.text]).to.deep.equal([
      413,
      `Request body(${String(JSON.stringify([{ KV: { Verb: 'set', Key: 'big', Value } }]).length)} bytes) too large, max size: 524288 bytes. See https://www.consul.io/docs/agent/options.html#txn_max_req_len.`,
    ]);
  });

  it('lists events in order and wakes whoever waits for the next one of that name', async () => {
    await fire('a');
    const { headers } = await server.get('/v1/event/list?name=a');
    const index = String(headers['x-consul-index']);
    const waiting = events(`?name=a&index=${index}&wait=60s`);
    await eventually(() => server.registry.status().waiters === 1, 'the wait');
    await fire('b');
    await fire('a', 'second');
    const seen = await waiting;
    expect(seen.map(({ Name }) => Name)).to.deep.equal(['a', 'a']);
    const times = (await events()).map(({ LTime }) => LTime);
    expect(times).to.deep.equal([...times].sort((x, y) => x - y));
    const digits = (seen.at(-1)?.ID ?? '').replaceAll('-', '');
    const halves = [digits.slice(0, 16), digits.slice(16)].map((half) => BigInt(`0x${half}`));
    const last = await server.get('/v1/event/list?name=a');
    expect(last.headers['x-consul-index']).to.equal(String((halves[0] ?? 0n) ^ (halves[1] ?? 0n)));
  });

  it('answers a reader of events at once that knows another last event, and one that waited long enough', async () => {
    await fire('c');
    expect(await events('?name=c&index=12345&wait=60s')).to.have.length(1);
    const { headers } = await server.get('/v1/event/list?name=c');
    expect(await events(`?name=c&index=${String(headers['x-consul-index'])}&wait=50ms`)).to.have.length(1);
  });

  it('Compat(consul): whether an event is kept is decided as it arrives, and its sender is not told', async () => {
    const name = 'filtered';
    expect(await fire(`${name}?node=elsewhere`)).to.include('"NodeFilter":"elsewhere"');
    expect(await fire(`${name}?service=later`)).to.include('"ID"');
    await server.put('/v1/agent/service/register', { Name: 'later', Tags: ['v1'] });
    expect(await events(`?name=${name}`)).to.deep.equal([]);
    await fire(`${name}?service=lat.r&tag=v2`);
    expect(await events(`?name=${name}`)).to.deep.equal([]);
    await fire(`${name}?node=roll.*&service=lat.r&tag=v1`);
    expect(await events(`?name=${name}`)).to.have.length(1);
  });
});
