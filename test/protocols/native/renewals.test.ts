import { expect } from 'chai';
import { checkLease, type Check } from '../../../src/core/index.ts';
import { createNativeDialect } from '../../../src/protocols/native/index.ts';
import { RollcallClient } from '../../../src/client/index.ts';
import { StoreError, type Renewal, type Store } from '../../../src/store/store.ts';
import { altered } from '../../support/altered-store.ts';
import { eventually } from '../../support/eventually.ts';
import { send, serveDialects, type TestServer } from '../../support/http.ts';
import { aCheck, aNode, anInstance } from '../../support/pure-catalog.ts';
import { startRegistry, TEST_IDENTITY, type TestRegistry } from '../../support/registry.ts';

const AGENT = TEST_IDENTITY.agentName;
const TTL = { kind: 'ttl', ttlMs: 60_000 } as const;

describe('renewals of many leases', () => {
  const renewed: Renewal[] = [];
  let questions = 0;
  let isSilent = false;
  let test: TestRegistry;
  let server: TestServer;

  before(async () => {
    test = await startRegistry({ wrap: observed });
    server = await serveDialects([createNativeDialect(test.registry)]);
    await register('n1', 'cart', [{ id: 'beat' }, { id: 'probe', source: { kind: 'external' } }]);
    await register('n2', 'idle', [{ id: 'probe', source: { kind: 'external' } }]);
    await register('n3', 'lost', [
      { id: 'lease', status: 'critical', output: 'as it was', source: { kind: 'lease', ttlMs: 90_000 } },
    ]);
    await register(AGENT, 'own', [
      { id: 'one' },
      { id: 'two', output: 'kept' },
      { id: 'down', status: 'critical' },
    ]);
  });
  after(async () => {
    await server.stop();
    await test.stop();
  });
  beforeEach(async () => {
    await test.registry.flush();
    renewed.length = 0;
    questions = 0;
    isSilent = false;
  });

  function observed(store: Store): Store {
    return altered(store, {
      renew: (renewals) => {
        if (isSilent) return Promise.reject(new StoreError('unavailable', 'silent'));
        renewed.push(...renewals);
        return store.renew(renewals);
      },
      revision: () => {
        questions++;
        return isSilent ? Promise.reject(new StoreError('unavailable', 'silent')) : store.revision();
      },
      status: () => ({ available: !isSilent, silentMs: 0 }),
    });
  }

  async function register(node: string, id: string, checks: (Partial<Check> & { id: string })[]) {
    await test.registry.catalog.register({
      node: aNode(node),
      keepNode: false,
      instance: anInstance(node, 'web', { id }),
      checks: checks.map((check) => ({
        ...aCheck(node, check.id, { source: TTL, ...check, instanceId: id }),
        overwriteStatus: true,
      })),
      replaceChecks: false,
    });
  }

  async function post(body: unknown) {
    const answer = await send(server.port, 'POST', '/api/v1/renewals', { body: JSON.stringify(body) });
    return { status: answer.status, body: JSON.parse(answer.text) as Record<string, unknown> };
  }
  const leases = () => renewed.map(({ lease }) => lease).sort();
  const check = (node: string, id: string) => test.registry.state.checksOn(node).get(`${node}\0${id}`);

  it('renews checks of the agent, of a node and of all instances named, and touches no record', async () => {
    const { revision } = test.registry.state;
    const renewals = ['one', 'two', { node: 'n1', check: 'beat' }, { node: 'n3', instance: 'lost' }];
    expect(await post({ renewals })).to.deep.equal({ status: 200, body: { renewed: 4, refused: [] } });
    await test.registry.flush();
    expect(leases()).to.deep.equal([
      checkLease('n1', 'beat'),
      checkLease('n3', 'lease'),
      checkLease(AGENT, 'one'),
      checkLease(AGENT, 'two'),
    ]);
    expect(renewed.find(({ lease }) => lease === checkLease('n3', 'lease'))?.ttlMs).to.equal(90_000);
    expect(test.registry.state.revision).to.equal(revision);
    expect(check('n3', 'lease')).to.include({ status: 'critical', output: 'as it was' });
    expect(check(AGENT, 'two')).to.include({ output: 'kept' });
  });

  it('takes a node for all that name none', async () => {
    expect((await post({ node: 'N1', renewals: ['beat', { instance: 'cart' }] })).body).to.include({
      renewed: 2,
    });
    await test.registry.flush();
    expect(leases()).to.deep.equal([checkLease('n1', 'beat')]);
  });

  it('changes statuses as told, to passing where nothing is', async () => {
    const renewals = ['down', { check: 'one', status: 'warning', output: 'slow' }];
    expect((await post({ renewals })).body).to.deep.equal({ renewed: 2, refused: [] });
    expect(check(AGENT, 'down')).to.include({ status: 'passing', output: '' });
    expect(check(AGENT, 'one')).to.include({ status: 'warning', output: 'slow' });
    expect((await post({ renewals: [{ check: 'one', status: 'passing' }] })).body).to.include({ renewed: 1 });
  });

  it('tells which are unknown or have no lease, and asks the store once for all of them', async () => {
    const renewals = [
      'one',
      'nobody',
      { node: 'n1', check: 'probe' },
      { node: 'n2', instance: 'idle' },
      { node: 'n2', instance: 'nobody' },
      { node: 'n1', instance: '' },
      ...Array.from({ length: 200 }, (_, i) => `nobody-${String(i)}`),
    ];
    const { body } = await post({ renewals });
    expect(body['renewed']).to.equal(1);
    expect((body['refused'] as unknown[]).slice(0, 6)).to.deep.equal([
      { index: 1, code: 'check_not_found' },
      { index: 2, code: 'check_not_renewable' },
      { index: 3, code: 'check_not_renewable' },
      { index: 4, code: 'instance_not_found' },
      { index: 5, code: 'instance_not_found' },
      { index: 6, code: 'check_not_found' },
    ]);
    expect(body['refused']).to.have.length(205);
    expect(questions).to.equal(1);
  });

  it('refuses what the store does not answer for, and takes it again afterwards', async () => {
    isSilent = true;
    const { body } = await post({ renewals: ['one', 'two', 'nobody'] });
    expect(body).to.deep.equal({
      renewed: 0,
      refused: [0, 1, 2].map((index) => ({ index, code: 'store_unavailable' })),
    });
    isSilent = false;
    await eventually(
      async () => (await post({ renewals: ['one'] })).body['renewed'] === 1,
      'the store is back',
    );
  });

  it('grants a lease anew that the store has lost', async () => {
    await test.store.commit({
      operation: 'loss',
      compares: [],
      puts: [],
      deletes: [],
      touches: [],
      grants: [],
      revokes: [checkLease(AGENT, 'one')],
    });
    expect((await post({ renewals: ['one'] })).body).to.include({ renewed: 1 });
    await eventually(
      async () => (await test.store.renew([{ lease: checkLease(AGENT, 'one'), ttlMs: 60_000 }]))[0] === true,
      'the lease is back',
    );
  });

  it('is a method of the client, that tells refusals by what was sent', async () => {
    const client = new RollcallClient({ url: server.url });
    expect(await client.renew(['one', { node: 'n1', instance: 'cart' }])).to.deep.equal([]);
    const unknown = { node: 'n1', check: 'nobody' };
    expect(await client.renew(['two', unknown])).to.deep.equal([
      { renewal: unknown, code: 'check_not_found' },
    ]);
  });

  const malformed: [string, unknown][] = [
    ['no list', {}],
    ['a list that is none', { renewals: 'one' }],
    ['more than 10,000', { renewals: Array.from({ length: 10_001 }, () => 'one') }],
    ['a number', { renewals: ['one', 1] }],
    ['neither check nor instance', { renewals: ['one', { node: 'n1' }] }],
    ['both check and instance', { renewals: [{ check: 'one', instance: 'own' }] }],
    ['a node that is no text', { node: 1, renewals: ['one'] }],
    ['a node that is no text in one', { renewals: [{ node: 1, check: 'one' }] }],
    ['an unknown status', { renewals: [{ check: 'one', status: 'maintenance' }] }],
    ['a status of an instance', { renewals: [{ instance: 'own', status: 'passing' }] }],
    ['an output that is too long', { renewals: [{ check: 'one', output: 'x'.repeat(4097) }] }],
    ['an unknown field', { renewals: [{ check: 'one', ttl: 1 }] }],
  ];
  for (const [what, body] of malformed) {
    it(`refuses ${what}, and renews nothing`, async () => {
      const answer = await post(body);
      expect([answer.status, answer.body['code']]).to.deep.equal([400, 'invalid_request']);
      await test.registry.flush();
      expect(renewed).to.deep.equal([]);
    });
  }
});
