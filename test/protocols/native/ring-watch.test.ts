import { expect } from 'chai';
import { createNativeDialect } from '../../../src/protocols/native/index.ts';
import { eventually } from '../../support/eventually.ts';
import { EventStream } from '../../support/event-stream.ts';
import { send, serveDialects, type TestServer } from '../../support/http.ts';
import { registerCart, registerCarts } from '../../support/ring-instances.ts';
import { startRegistry, type TestRegistry } from '../../support/registry.ts';

const PATH = '/api/v1/services/cart/ring/watch';

interface Change {
  readonly since: number;
  readonly revision: number;
  readonly digest: string;
  readonly added: readonly { readonly id: string }[];
  readonly removed: readonly { readonly id: string }[];
  readonly changed: readonly { readonly id: string }[];
}

describe('native API ring watch', () => {
  let test: TestRegistry;
  let server: TestServer;
  const streams: EventStream[] = [];
  beforeEach(async () => {
    test = await startRegistry();
    server = await serveDialects([createNativeDialect(test.registry)], 10_000);
    await registerCarts(test.registry, 3);
  });
  afterEach(async () => {
    for (const stream of streams.splice(0)) stream.close();
    await server.stop();
    await test.stop();
  });
  const open = async (query = '', headers: Record<string, string> = {}) => {
    const stream = await EventStream.open(server.port, `${PATH}${query}`, headers);
    streams.push(stream);
    return stream;
  };
  const revision = () => test.registry.rings.of('cart').membership.revision;
  const upTo = (stream: EventStream, wanted = revision()) =>
    eventually(() => Number(stream.events.at(-1)?.id) >= wanted, `revision ${String(wanted)} is told`);

  /** The ids of the members that a reader knows who applies every event, as a client does. */
  function followed(stream: EventStream): string[] {
    const ids = new Set<string>();
    let known = '';
    for (const { event, id, data } of stream.events) {
      if (event === 'ring') {
        ids.clear();
        for (const member of (data as { members: { id: string }[] }).members) ids.add(member.id);
      } else {
        const { since, added, removed } = data as Change;
        expect(String(since), 'each change follows the event before it').to.equal(known);
        for (const member of added) ids.add(member.id);
        for (const member of removed) ids.delete(member.id);
      }
      known = id;
    }
    return [...ids].sort();
  }

  it('begins with the ring and tells each change, with its revision as the id', async () => {
    const stream = await open();
    expect([stream.status, stream.contentType]).to.deep.equal([200, 'text/event-stream']);
    await upTo(stream);
    expect(stream.events.map(({ event }) => event)).to.deep.equal(['ring']);
    await registerCart(test.registry, 'cart-4', { port: 4 });
    await upTo(stream);
    await test.registry.catalog.deregisterInstance('n1', 'cart-1');
    await upTo(stream);
    expect(followed(stream)).to.deep.equal(['cart-2', 'cart-3', 'cart-4']);
    const last = stream.events.at(-1)?.data as Change;
    expect(last.digest).to.equal(test.registry.rings.of('cart').now.ring.digest);
  });

  it('goes on behind the last event that a reader has, and starts over where that is not known', async () => {
    const from = revision();
    await upTo(await open());
    await registerCart(test.registry, 'cart-4', { port: 4 });
    for (const stream of [
      await open('', { 'Last-Event-ID': String(from) }),
      await open(`?since=${String(from)}`),
    ]) {
      await upTo(stream);
      expect(stream.events.map(({ event }) => event)).to.deep.equal(['change']);
      expect((stream.events[0]?.data as Change).added.map(({ id }) => id)).to.deep.equal(['cart-4']);
    }
    const lost = await open('', { 'Last-Event-ID': '1' });
    await upTo(lost);
    expect(lost.events[0]?.event).to.equal('ring');
  });

  it('tells every one of 500 readers, and ends when the server does', async function () {
    this.timeout(60_000);
    const readers = await Promise.all(Array.from({ length: 500 }, () => open()));
    for (let n = 10; n < 20; n++) await registerCart(test.registry, `cart-${String(n)}`, { port: n });
    const wanted = revision();
    for (const reader of readers) await upTo(reader, wanted);
    for (const reader of readers) expect(followed(reader)).to.have.length(13);
    server.shutdown.abort();
    await eventually(() => readers.every(({ ended }) => ended), 'all are told to go');
  });

  it('tells a slow reader less often, and still everything', async function () {
    this.timeout(120_000);
    const address = `host-${'x'.repeat(40_000)}`;
    // The address makes the events long; hashing it for every point would make the test slow.
    await send(server.port, 'PUT', '/api/v1/services/cart/ring/policy', {
      body: JSON.stringify({ algorithm: 'ring', hashKeyMeta: 'key' }),
      headers: { 'Content-Type': 'application/json' },
    });
    const [slow, quick] = [await open(), await open()];
    await upTo(slow);
    slow.pause();
    for (let n = 0; n < 150; n++) {
      const from = quick.events.length;
      await registerCart(test.registry, 'big', { address, meta: { key: String(n) } });
      await eventually(() => quick.events.length > from, 'the other one is told');
    }
    slow.resume();
    await upTo(slow);
    expect(followed(slow)).to.deep.equal(followed(quick));
    expect(quick.events.length).to.be.above(140);
    // What fits into the sockets on the way was sent; the rest came as one.
    expect(slow.events.length).to.be.below(quick.events.length - 20);
  });

  it('tells of a service that goes and comes back', async () => {
    const stream = await open();
    await upTo(stream);
    for (const n of [1, 2, 3]) await test.registry.catalog.deregisterInstance('n1', `cart-${String(n)}`);
    await eventually(() => followed(stream).length === 0, 'nobody is left');
    await registerCart(test.registry, 'again', { port: 5 });
    await eventually(() => followed(stream).join() === 'again', 'it is back');
  });

  it('refuses what it cannot watch', async () => {
    expect((await send(server.port, 'GET', '/api/v1/services/nope/ring/watch')).status).to.equal(404);
    expect((await send(server.port, 'GET', `${PATH}?since=x`)).status).to.equal(400);
    expect((await send(server.port, 'HEAD', PATH)).status).to.equal(200);
  });
});
