import { RollcallError, type Revision } from '../../core/index.ts';
import type { Route, RouteRequest, RouteResponse } from '../../http/index.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Registry, RingFeed, RingNews } from '../../registry/index.ts';
import { json } from './answer.ts';
import { integerOf } from './read-query.ts';
import { changesShape, ringShape } from './ring-shapes.ts';
import { RingStream, type EncodedEvent } from './ring-stream.ts';

const MAX_SUBSCRIBERS = 20_000;
/** Revisions that readers of one ring may have, each with an event of its own that is kept. */
const MAX_ENCODED = 64;
const BEAT_MS = 15_000;
const BEAT = Buffer.from(': still here\n\n');

/** The ring of a service as server-sent events. */
export function ringWatchRoutes(registry: Registry, clock: Clock): Route[] {
  const watches = new RingWatches(registry, clock);
  return [
    {
      method: 'GET',
      path: '/api/v1/services/{service}/ring/watch',
      handle: (request) => watches.watch(request),
    },
  ];
}

/** The events of one service, encoded once for all who need the same. */
interface Channel {
  readonly feed: RingFeed;
  readonly encoded: Map<Revision | undefined, EncodedEvent>;
}

class RingWatches {
  readonly #registry: Registry;
  readonly #clock: Clock;
  readonly #channels = new Map<string, Channel>();
  readonly #streams = new Set<RingStream>();
  #beating: NodeJS.Timeout | undefined;

  constructor(registry: Registry, clock: Clock) {
    this.#registry = registry;
    this.#clock = clock;
  }

  watch({ params, query, headers, method, signal }: RouteRequest): RouteResponse {
    const service = params['service'] ?? '';
    const known = knownRevision(query, headers['last-event-id']);
    this.#registry.rings.of(service);
    if (this.#streams.size >= MAX_SUBSCRIBERS)
      throw new RollcallError(
        'too_many_requests',
        `This node has ${MAX_SUBSCRIBERS} watchers of rings already`,
      );
    const { headers: freshness } = json({}, this.#registry.reads.freshness());
    const answer = {
      status: 200,
      headers: { ...freshness, 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' },
    };
    if (method === 'HEAD') return answer;
    return { ...answer, stream: this.#open(service, known, signal) };
  }

  #open(service: string, known: Revision | undefined, signal: AbortSignal): RingStream {
    const name = service.toLowerCase();
    const channel = this.#channels.get(name) ?? {
      feed: this.#registry.ringFeed(service),
      encoded: new Map<Revision | undefined, EncodedEvent>(),
    };
    this.#channels.set(name, channel);
    const stream = new RingStream(known, (revision) => nextEvent(service, channel, revision));
    const unlisten = channel.feed.listen(() => {
      stream.offer();
    });
    const end = () => {
      stream.end();
    };
    signal.addEventListener('abort', end, { once: true });
    this.#add(stream);
    stream.once('close', () => {
      signal.removeEventListener('abort', end);
      unlisten();
      this.#remove(stream);
      if (channel.feed.size > 0) return;
      channel.feed.close();
      this.#channels.delete(name);
    });
    return stream;
  }

  #add(stream: RingStream): void {
    this.#streams.add(stream);
    this.#beating ??= setInterval(() => {
      const nowMs = this.#clock.monotonic();
      for (const each of this.#streams) each.beat(BEAT, nowMs);
    }, BEAT_MS);
  }

  #remove(stream: RingStream): void {
    this.#streams.delete(stream);
    if (this.#streams.size > 0) return;
    clearInterval(this.#beating);
    this.#beating = undefined;
  }
}

function nextEvent(
  service: string,
  { feed, encoded }: Channel,
  known: Revision | undefined,
): EncodedEvent | undefined {
  const news = feed.newsSince(known);
  if (news === undefined) return undefined;
  const held = encoded.get(known);
  if (held?.revision === news.ring.revision) return held;
  const event = { revision: news.ring.revision, bytes: encode(service, known, news) };
  const isStale = [...encoded.values()].some(({ revision }) => revision !== event.revision);
  if (isStale || encoded.size >= MAX_ENCODED) encoded.clear();
  encoded.set(known, event);
  return event;
}

function encode(service: string, known: Revision | undefined, { ring, delta }: RingNews): Buffer {
  const { revision } = ring;
  const [event, data] =
    delta === undefined
      ? ['ring', { ...ringShape(service, ring), isFull: true }]
      : [
          'change',
          {
            service,
            since: known,
            isFull: false,
            revision,
            digest: ring.ring.digest,
            policy: ring.policy.placement,
            points: ring.ring.size,
            ...changesShape(delta.changes),
          },
        ];
  return Buffer.from(`event: ${event}\nid: ${revision}\ndata: ${JSON.stringify(data)}\n\n`);
}

/** What a reader has already: it says so itself, or its browser does when it comes back. */
function knownRevision(query: URLSearchParams, lastEventId: unknown): Revision | undefined {
  if (typeof lastEventId === 'string' && /^\d{1,16}$/.test(lastEventId)) return Number(lastEventId);
  if (!query.has('since')) return undefined;
  return integerOf(query, 'since', [0, Number.MAX_SAFE_INTEGER], 0);
}
