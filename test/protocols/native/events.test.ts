import { expect } from 'chai';
import { createNativeDialect } from '../../../src/protocols/native/index.ts';
import { eventually } from '../../support/eventually.ts';
import { EventStream } from '../../support/event-stream.ts';
import { send, serveDialects, type TestServer } from '../../support/http.ts';
import { aCheck, aNode, anInstance } from '../../support/pure-catalog.ts';
import { startRegistry, type TestRegistry } from '../../support/registry.ts';

const PATH = '/api/v1/services/cart/watch';

interface Told {
  readonly isFull: boolean;
  readonly since?: number;
  readonly revision: number;
  readonly instances: readonly { readonly id: string; readonly status: string }[];
  readonly removed?: readonly { readonly id: string; readonly node: string }[];
}

describe('native API events of a service', () => {
  let test: TestRegistry;
  let server: TestServer;
  const streams: EventStream[] = [];
  beforeEach(async () => {
    test = await startRegistry();
    server = await serveDialects([createNativeDialect(test.registry)], 10_000);
    await register('cart-1');
    await register('cart-2');
  });
  afterEach(async () => {
    for (const stream of streams.splice(0)) stream.close();
    await server.stop();
    await test.stop();
  });

  async function register(id: string, meta: Record<string, string> = {}) {
    await test.registry.catalog.register({
      node: aNode('n1'),
      keepNode: true,
      instance: anInstance('n1', 'Cart', { id, meta }),
      checks: [{ ...aCheck('n1', `c-${id}`, { instanceId: id }), overwriteStatus: false }],
      replaceChecks: false,
    });
  }
  const open = async (headers: Record<string, string> = {}, path = PATH) => {
    const stream = await EventStream.open(server.port, path, headers);
    streams.push(stream);
    return stream;
  };

  /** The instances that a reader knows who applies every event, by id, with their status. */
  function followed(stream: EventStream): Record<string, string> {
    const known = new Map<string, string>();
    let last = '';
    for (const { event, id, data } of stream.events) {
      const { isFull, since, revision, instances, removed = [] } = data as Told;
      expect(event).to.equal(isFull ? 'service' : 'change');
      expect(String(revision)).to.equal(id);
      if (isFull) known.clear();
      else expect(String(since), 'each change follows the event before it').to.equal(last);
      for (const instance of instances) known.set(instance.id, instance.status);
      for (const instance of removed) known.delete(instance.id);
      last = id;
    }
    return Object.fromEntries(known);
  }
  const knows = (stream: EventStream, wanted: Record<string, string>) =>
    eventually(
      () =>
        JSON.stringify(Object.entries(followed(stream)).sort()) === JSON.stringify(Object.entries(wanted)),
      `a reader knows ${JSON.stringify(wanted)}`,
    );

  it('begin with all instances and tell what changed: instances, health and what is gone', async () => {
    const stream = await open();
    expect([stream.status, stream.contentType]).to.deep.equal([200, 'text/event-stream']);
    await knows(stream, { 'cart-1': 'passing', 'cart-2': 'passing' });
    await test.registry.health.report('n1', 'c-cart-1', 'critical', '');
    await knows(stream, { 'cart-1': 'critical', 'cart-2': 'passing' });
    await register('cart-3');
    await test.registry.catalog.deregisterInstance('n1', 'cart-2');
    await knows(stream, { 'cart-1': 'critical', 'cart-3': 'passing' });
    await test.registry.catalog.deregisterCheck('n1', 'c-cart-1');
    await knows(stream, { 'cart-1': 'passing', 'cart-3': 'passing' });
    const told = stream.events.map(({ data }) => data as Told);
    expect(told.map(({ isFull }) => isFull)).to.deep.equal([true, ...told.slice(1).map(() => false)]);
    expect(
      told[1]?.instances.map(({ id }) => id),
      'what stayed is not told',
    ).to.deep.equal(['cart-1']);
    expect(told[1]?.instances[0]).to.include({ node: 'n1', address: '10.0.0.1', port: 80 });
  });

  it('go on behind the last event that a reader has, and start over where that is not known', async () => {
    const first = await open();
    await knows(first, { 'cart-1': 'passing', 'cart-2': 'passing' });
    const from = first.events.at(-1)?.id ?? '';
    await test.registry.catalog.deregisterInstance('n1', 'cart-2');
    await knows(first, { 'cart-1': 'passing' });
    const resumed = await open({ 'Last-Event-ID': from });
    await eventually(() => resumed.events.length > 0, 'the change is told');
    expect(resumed.events[0]?.data).to.deep.include({
      isFull: false,
      since: Number(from),
      instances: [],
      removed: [{ node: 'n1', id: 'cart-2' }],
    });
    for (const unknown of ['1', '99999999']) {
      const stream = await open({ 'Last-Event-ID': unknown });
      await knows(stream, { 'cart-1': 'passing' });
      expect(stream.events[0]?.event).to.equal('service');
    }
  });

  it('are empty for a service that nobody has registered, until somebody does', async () => {
    const stream = await open({}, '/api/v1/services/later/watch');
    await eventually(() => stream.events.length === 1, 'the empty service is told');
    expect(stream.events[0]?.data).to.deep.include({ isFull: true, instances: [] });
    await test.registry.catalog.register({
      node: aNode('n1'),
      keepNode: true,
      instance: anInstance('n1', 'later'),
      checks: [],
      replaceChecks: false,
    });
    await knows(stream, { later: 'passing' });
  });

  it('reach a thousand subscribers, and leave nothing behind when they go', async () => {
    const many = await Promise.all(Array.from({ length: 1000 }, () => open()));
    await register('cart-3');
    const all = { 'cart-1': 'passing', 'cart-2': 'passing', 'cart-3': 'passing' };
    for (const stream of many) await knows(stream, all);
    server.shutdown.abort();
    await eventually(() => many.every(({ ended }) => ended), 'the streams end with the server');
  });

  it('answer HEAD, and refuse a revision that is none', async () => {
    expect(await send(server.port, 'HEAD', PATH)).to.include({ status: 200, text: '' });
    const refused = await send(server.port, 'GET', `${PATH}?since=x`);
    expect(refused.status).to.equal(400);
    expect(JSON.parse(refused.text)).to.include({ code: 'invalid_request' });
  });
});
