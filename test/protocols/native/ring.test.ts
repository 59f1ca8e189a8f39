import { expect } from 'chai';
import { createNativeDialect } from '../../../src/protocols/native/index.ts';
import { send, serveDialects, type TestServer } from '../../support/http.ts';
import { registerCart, registerCarts, someKeys } from '../../support/ring-instances.ts';
import { startRegistry, type TestRegistry } from '../../support/registry.ts';

type Json = Record<string, unknown>;

describe('native API rings', () => {
  let test: TestRegistry;
  let server: TestServer;
  beforeEach(async () => {
    test = await startRegistry();
    server = await serveDialects([createNativeDialect(test.registry)]);
    await registerCarts(test.registry, 3);
  });
  afterEach(async () => {
    await server.stop();
    await test.stop();
  });
  const call = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const options = body === undefined ? { headers } : { headers, body: text };
    const answer = await send(server.port, method, `/api/v1/services/cart/${path}`, options);
    return { ...answer, json: JSON.parse(answer.text || 'null') as Json };
  };
  const movedShare = (json: Json) => ((json['ring'] as Json)['movement'] as Json)['movedShare'];

  it('answers the default policy, takes another, and resets it', async () => {
    const atFirst = await call('GET', 'ring/policy');
    expect(atFirst.json).to.deep.equal({
      service: 'cart',
      revision: 0,
      isDefault: true,
      algorithm: 'ring',
      pointsPerWeight: 256,
      hashKeyMeta: '',
      zoneMeta: '',
      handOverMs: 0,
      loadFactorPercent: 125,
    });
    expect(atFirst.headers.etag).to.equal('"0"');
    const put = await call('PUT', 'ring/policy', { algorithm: 'maglev', tableSize: 1009, zoneMeta: 'zone' });
    expect(put.status).to.equal(200);
    expect(put.json).to.include({ algorithm: 'maglev', tableSize: 1009, zoneMeta: 'zone', isDefault: false });
    expect(movedShare(put.json)).to.be.within(0.2, 1);
    const held = await call('GET', 'ring/policy');
    expect(held.headers.etag)
      .to.equal(put.headers.etag)
      .and.equal(`"${String(held.json['revision'])}"`);
    const ring = await call('GET', 'ring');
    expect(ring.json).to.deep.include({ policy: { algorithm: 'maglev', tableSize: 1009 } });
    expect(ring.json).to.include({ digest: (put.json['ring'] as { after: Json }).after['digest'] });
    const gone = await call('DELETE', 'ring/policy');
    expect([gone.status, gone.json['isDefault']]).to.deep.equal([200, true]);
    expect((await call('GET', 'ring')).json).to.deep.include({
      policy: { algorithm: 'ring', pointsPerWeight: 256 },
    });
  });

  it('tells what a change of policy would do, and changes nothing', async () => {
    const before = (await call('GET', 'ring')).text;
    const dry = await call('PUT', 'ring/policy?dry-run&ranges=5', { pointsPerWeight: 16 });
    const { movement } = dry.json['ring'] as { movement: Json };
    expect(movement['ranges']).to.have.length(5);
    expect(movement['rangesLeftOut']).to.be.above(0);
    expect([dry.json['isDryRun'], dry.headers.etag]).to.deep.equal([true, undefined]);
    expect((await call('GET', 'ring')).text).to.equal(before);
    expect((await call('GET', 'ring/policy')).json['isDefault']).to.equal(true);
  });

  it('holds a write to an ETag and to a digest', async () => {
    const { json } = await call('PUT', 'ring/policy?dry-run', { pointsPerWeight: 16 });
    const { digest } = (json['ring'] as { before: Json }).before as { digest: string };
    await registerCart(test.registry, 'late', { port: 9 });
    const changed = await call('PUT', `ring/policy?digest=${digest}`, { pointsPerWeight: 16 });
    expect([changed.status, changed.json['code']]).to.deep.equal([409, 'ring_changed']);
    const first = await call('PUT', 'ring/policy', { pointsPerWeight: 16 }, { 'If-None-Match': '*' });
    expect(first.status).to.equal(200);
    const second = await call('PUT', 'ring/policy', { pointsPerWeight: 17 }, { 'If-None-Match': '*' });
    expect([second.status, second.json['code']]).to.deep.equal([412, 'revision_mismatch']);
    const etag = first.headers.etag ?? '';
    expect((await call('PUT', 'ring/policy', { pointsPerWeight: 17 }, { 'If-Match': etag })).status).to.equal(
      200,
    );
    expect((await call('DELETE', 'ring/policy', undefined, { 'If-Match': etag })).status).to.equal(412);
  });

  const refusedPolicies: [unknown, RegExp][] = [
    ['{', /not JSON/],
    [[], /JSON object/],
    [null, /JSON object/],
    [{ algorithm: 'rings' }, /"algorithm" must be one of ring, /],
    [{ algorithm: '__proto__' }, /"algorithm" must be one of/],
    [{ algorithm: 'maglev', tableSize: 100 }, /prime/],
    [{ pointsPerWeight: 0 }, /pointsPerWeight must be an integer from 1/],
    [{ pointsPerWeight: '256' }, /pointsPerWeight must be an integer/],
    [{ tableSize: 7 }, /ring has no parameter "tableSize"/],
    ['{"__proto__":1}', /no parameter "__proto__"/],
    [{ handOverMs: -1 }, /"handOverMs" must be an integer from 0/],
    [{ handOverMs: 1.5 }, /"handOverMs"/],
    [{ zoneMeta: 5 }, /"zoneMeta" must be a text/],
    [{ hashKeyMeta: 'x'.repeat(129) }, /"hashKeyMeta"/],
    [{ loadFactorPercent: 99 }, /"loadFactorPercent"/],
  ];
  it('refuses policies that are none, naming the field, and changes nothing', async () => {
    for (const [body, detail] of refusedPolicies) {
      const { status, json, headers } = await call('PUT', 'ring/policy', body);
      expect([status, json['code']], JSON.stringify(body)).to.deep.equal([400, 'invalid_request']);
      expect(json['detail']).to.match(detail);
      expect(headers['content-type']).to.equal('application/problem+json');
    }
    expect(test.registry.state.ringPolicies.size).to.equal(0);
    expect((await call('PUT', 'ring/policy', {}, { 'If-Match': '12' })).status).to.equal(400);
    expect((await call('PUT', 'ring/policy', {}, { 'If-None-Match': '"1"' })).status).to.equal(400);
    expect((await call('PUT', 'ring/policy?digest=zz', {})).status).to.equal(400);
    expect((await call('PUT', 'ring/policy', `"${'x'.repeat(20_000)}"`)).status).to.equal(413);
  });

  it('looks up ten thousand keys in one call, as it looks up each', async () => {
    const keys = someKeys(10_000);
    const { status, json } = await call('POST', 'ring/lookup', { keys, replicas: 2 });
    expect(status).to.equal(200);
    const { owners, members, replicas } = json as { owners: number[]; members: Json[]; replicas: number[][] };
    expect(owners).to.deep.equal(replicas.map(([first]) => first));
    for (const index of [0, 1, 4999, 9999]) {
      const one = await call('GET', `owner?key=user-${String(index)}&replicas=2`);
      expect(one.json['replicas']).to.deep.equal(replicas[index]?.map((at) => members[at]));
    }
    const many = await call('POST', 'ring/lookup', { keys: [...keys, 'x'] });
    expect([many.status, many.json['code']]).to.deep.equal([400, 'invalid_request']);
  });

  it('takes hostile keys, and refuses those that are too long', async () => {
    const hostile = ['', '\0', '\ud800', '😀', 'k'.repeat(65_536)];
    const { json } = await call('POST', 'ring/lookup', { keys: hostile });
    expect(json['owners']).to.have.length(5);
    const refused = [
      { keys: ['k'.repeat(65_537)] },
      { keys: [5] },
      { keys: 'k' },
      {},
      { keys: [], replicas: 0 },
      { keys: [], replicas: 101 },
      { keys: [], zone: 5 },
      { keys: [], spread: 'yes' },
      { keys: [], extra: 1 },
    ];
    for (const body of refused) {
      const answer = await call('POST', 'ring/lookup', body);
      expect([answer.status, answer.json['code']], JSON.stringify(body).slice(0, 60)).to.deep.equal([
        400,
        'invalid_request',
      ]);
    }
    const big = { keys: Array.from({ length: 100 }, () => 'k'.repeat(60_000)) };
    expect((await call('POST', 'ring/lookup', big)).status).to.equal(413);
    const none = await send(server.port, 'POST', '/api/v1/services/nope/ring/lookup', {
      body: '{"keys":[]}',
    });
    expect(none.status).to.equal(404);
  });

  it('answers null where nobody is available', async () => {
    for (const n of [1, 2, 3]) await test.registry.health.report('n1', `c-cart-${String(n)}`, 'critical', '');
    const { json } = await call('POST', 'ring/lookup', { keys: ['a', 'b'] });
    expect([json['owners'], json['members']]).to.deep.equal([[null, null], []]);
  });

  it('previews members that come and go, and another policy', async () => {
    const { status, json } = await call('POST', 'ring/preview?ranges=3', {
      add: [{ hashKey: '10.0.0.9:80', id: 'new', weight: 1 }],
      remove: [{ node: 'N1', id: 'cart-1' }],
      reweight: [{ node: 'n1', id: 'cart-2', weight: 2 }],
    });
    expect(status).to.equal(200);
    const movement = json['movement'] as Json & { flows: { from: Json; to: Json; share: number }[] };
    expect(movement['movedShare']).to.be.within(0.3, 0.8);
    expect(movement['ranges']).to.have.length(3);
    const given = movement.flows.filter(({ from }) => from['id'] === 'cart-1');
    expect(given.reduce((sum, { share }) => sum + share, 0)).to.be.within(0.2, 0.5);
    expect(movement.flows.map(({ to }) => to)).to.deep.include({ node: '', id: 'new' });
    expect(movement['peakToAverage']).to.have.all.keys('before', 'after');
    const other = await call('POST', 'ring/preview', { policy: { algorithm: 'rendezvous' } });
    expect((other.json['movement'] as Json)['basis']).to.equal('sample');
    expect((await call('POST', 'ring/preview', {})).json).to.deep.include({ service: 'cart' });
    const refused: [unknown, number][] = [
      [{ remove: [{ node: 'n1', id: 'nobody' }] }, 404],
      [{ remove: [{ node: 'n1' }] }, 400],
      [{ add: [{}] }, 400],
      [{ add: [{ hashKey: 'a', weight: -1 }] }, 400],
      [{ add: 'a' }, 400],
      [{ reweight: [{ node: 'n1', id: 'cart-1', weight: 65_536 }] }, 400],
      [{ policy: { algorithm: 'none' } }, 400],
      [{ surprise: 1 }, 400],
      ['[', 400],
    ];
    for (const [body, expected] of refused)
      expect((await call('POST', 'ring/preview', body)).status, JSON.stringify(body)).to.equal(expected);
  });

  it('answers what changed since a revision, at once or when it changes, and all of it where it cannot', async () => {
    const ring = await call('GET', 'ring');
    const revision = Number(ring.json['revision']);
    const waiting = call('GET', `ring?since=${String(revision)}&wait=10s&ranges=2`);
    await registerCart(test.registry, 'cart-4', { port: 4 });
    const { json } = await waiting;
    expect(json).to.include({ since: revision, isFull: false });
    expect((json['added'] as Json[]).map(({ id }) => id)).to.deep.equal(['cart-4']);
    expect([json['removed'], json['changed']]).to.deep.equal([[], []]);
    expect((json['movement'] as Json)['ranges']).to.have.length(2);
    const now = Number(json['revision']);
    const quiet = await call('GET', `ring?since=${String(now)}&wait=50ms&ranges=0`);
    expect(quiet.json).to.deep.include({ revision: now, added: [] }).and.not.to.have.property('movement');
    for (const unknown of [0, now + 1_000_000]) {
      const full = await call('GET', `ring?since=${String(unknown)}`);
      expect(full.json['isFull']).to.equal(true);
      expect(full.json['members']).to.have.length(4);
    }
    for (const wrong of ['since=x', 'since=-1', 'wait=10', 'wait=9h', 'ranges=10001', 'format=xml'])
      expect((await call('GET', `ring?${wrong}`)).status, wrong).to.equal(400);
  });

  it('answers a compact form with the same revision and digest', async () => {
    await call('PUT', 'ring/policy', { zoneMeta: 'zone' });
    await registerCart(test.registry, 'cart-4', { port: 4, meta: { zone: 'a' } });
    const full = await call('GET', 'ring');
    for (const compact of [
      await call('GET', 'ring?format=compact'),
      await call('GET', 'ring', undefined, { Accept: 'application/vnd.rollcall.ring+json' }),
    ]) {
      expect(compact.headers['content-type']).to.equal('application/vnd.rollcall.ring+json');
      const { fields, members, ...same } = compact.json as Json & { fields: string[]; members: unknown[][] };
      expect(full.json).to.deep.include(same);
      const rows = members.map(
        (row) => Object.fromEntries(row.map((cell, at) => [fields[at], cell])) as Json,
      );
      expect(rows.find((row) => row['id'] === 'cart-4')).to.deep.equal({
        member: 'n1\0cart-4',
        hashKey: '10.0.0.1:4',
        weight: 1,
        zone: 'a',
        address: '10.0.0.1',
        port: 4,
        node: 'n1',
        id: 'cart-4',
      });
    }
  });

  it('names the previous owner with the owner while keys are handed over', async () => {
    await call('PUT', 'ring/policy', { handOverMs: 600_000 });
    const held = (await call('GET', 'owner?key=user-1')).json;
    expect(held).to.not.have.property('previous');
    const { id } = held['owner'] as { id: string };
    await test.registry.catalog.deregisterInstance('n1', id);
    const { json } = await call('GET', 'owner?key=user-1');
    expect(json['previous']).to.include({ id, node: 'n1', address: '10.0.0.1' });
  });
});
