import { expect } from 'chai';
import { once } from 'node:events';
import type { RouteRequest } from '../../../src/http/index.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { EventChannels } from '../../../src/protocols/native/event-channels.ts';
import { EventStream } from '../../../src/protocols/native/event-stream.ts';
import type { ServiceNews } from '../../../src/registry/index.ts';
import { registerCarts } from '../../support/ring-instances.ts';
import { startRegistry } from '../../support/registry.ts';

function aSubscription(lastEventId: string, signal: AbortSignal): RouteRequest {
  return {
    method: 'GET',
    path: '/any',
    params: { service: 'cart' },
    query: new URLSearchParams(),
    headers: { 'last-event-id': lastEventId },
    body: new Uint8Array(),
    remoteAddress: '127.0.0.1',
    signal,
  };
}

describe('native API event channels', () => {
  it('encode all there is once for all who know nothing of use', async () => {
    const { registry, stop } = await startRegistry();
    const gone = new AbortController();
    let encoded = 0;
    try {
      await registerCarts(registry, 3);
      const kind = {
        open: (service: string) => registry.serviceFeed(service),
        isFull: ({ isFull }: ServiceNews) => isFull,
        eventOf: (_service: string, _known: number | undefined, { revision, isFull }: ServiceNews) => ({
          event: 'service',
          data: { revision, isFull, nth: ++encoded },
        }),
      };
      const channels = new EventChannels<ServiceNews>({ registry, clock: systemClock, kind });
      const told = ['none', '900000000', '900000001', '9007199254740993'].map(async (id) => {
        const { stream } = channels.subscribe(aSubscription(id, gone.signal));
        if (stream === undefined) throw new Error('no stream');
        const [chunk] = (await once(stream, 'data')) as [Buffer];
        return chunk.toString();
      });
      const texts = await Promise.all(told);
      expect(texts[0]).to.contain('"isFull":true,"nth":1');
      expect(new Set(texts).size).to.equal(1);
    } finally {
      gone.abort();
      await stop();
    }
  });

  it('end a reader only after a minute in which it took nothing', async () => {
    const beat = Buffer.from(':\n\n');
    const large = { revision: 1, bytes: Buffer.alloc(1_000_000, 'x') };
    const stream = new EventStream(undefined, (known) => (known === undefined ? large : undefined));
    stream.read(0);
    await new Promise((resolve) => setImmediate(resolve));
    expect(stream.readableLength).to.equal(1_000_000);
    // Long after the process began, and right after the reader came.
    stream.beat(beat, 5_000_000);
    stream.beat(beat, 5_060_000);
    expect(stream.destroyed).to.equal(false);
    stream.beat(beat, 5_060_001);
    expect(stream.destroyed).to.equal(true);
  });
});
