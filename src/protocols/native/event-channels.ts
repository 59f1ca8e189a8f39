import { RollcallError, type Revision } from '../../core/index.ts';
import type { RouteRequest, RouteResponse } from '../../http/index.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Registry } from '../../registry/index.ts';
import { json } from './answer.ts';
import { EventStream, type EncodedEvent } from './event-stream.ts';
import { integerOf } from './read-query.ts';

const MAX_SUBSCRIBERS = 20_000;
/** Revisions that readers of one channel may have, each with an event of its own that is kept. */
const MAX_ENCODED = 64;
const BEAT_MS = 15_000;
const BEAT = Buffer.from(': still here\n\n');

/** Where the news of one service come from. */
interface Feed<News> {
  /** Listeners there are. */
  readonly size: number;
  /** Of what there is to tell now; undefined while that is not known. */
  readonly revision: Revision | undefined;
  listen(listener: () => void): () => void;
  newsSince(known: Revision | undefined): News | undefined;
  close(): void;
}

interface Event {
  readonly event: string;
  readonly data: unknown;
}

/** What is told of services in one kind of channel, one channel for each service that somebody watches. */
interface ChannelKind<News> {
  open(service: string): Feed<News>;
  /** Whether news are the same for all who know none, or something that nobody can go on from. */
  isFull(news: News): boolean;
  eventOf(service: string, known: Revision | undefined, news: News): Event;
}

/** The events of one service, encoded once for all who need the same. */
interface Channel<News> {
  readonly feed: Feed<News>;
  readonly encoded: Map<Revision | undefined, EncodedEvent>;
}

interface Deps<News> {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly kind: ChannelKind<News>;
}

/** Server-sent events of services, each to any number of subscribers. */
export class EventChannels<News> {
  readonly #deps: Deps<News>;
  readonly #channels = new Map<string, Channel<News>>();
  readonly #streams = new Set<EventStream>();
  #beating: NodeJS.Timeout | undefined;

  constructor(deps: Deps<News>) {
    this.#deps = deps;
  }

  /** Throws `too_many_requests`. */
  subscribe({ params, query, headers, method, signal }: RouteRequest): RouteResponse {
    const known = knownRevision(query, headers['last-event-id']);
    if (this.#streams.size >= MAX_SUBSCRIBERS)
      throw new RollcallError(
        'too_many_requests',
        `This node has ${MAX_SUBSCRIBERS} subscribers of that kind already`,
      );
    const { headers: freshness } = json({}, this.#deps.registry.reads.freshness());
    const answer = {
      status: 200,
      headers: { ...freshness, 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' },
    };
    if (method === 'HEAD') return answer;
    return { ...answer, stream: this.#open(params['service'] ?? '', known, signal) };
  }

  #open(service: string, known: Revision | undefined, signal: AbortSignal): EventStream {
    const { kind } = this.#deps;
    const name = service.toLowerCase();
    const channel = this.#channels.get(name) ?? {
      feed: kind.open(service),
      encoded: new Map<Revision | undefined, EncodedEvent>(),
    };
    this.#channels.set(name, channel);
    const stream = new EventStream(known, (revision) => nextEvent(kind, service, channel, revision));
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

  #add(stream: EventStream): void {
    this.#streams.add(stream);
    this.#beating ??= setInterval(() => {
      const nowMs = this.#deps.clock.monotonic();
      for (const each of this.#streams) each.beat(BEAT, nowMs);
    }, BEAT_MS);
  }

  #remove(stream: EventStream): void {
    this.#streams.delete(stream);
    if (this.#streams.size > 0) return;
    clearInterval(this.#beating);
    this.#beating = undefined;
  }
}

function nextEvent<News>(
  kind: ChannelKind<News>,
  service: string,
  { feed, encoded }: Channel<News>,
  known: Revision | undefined,
): EncodedEvent | undefined {
  const { revision } = feed;
  if (revision === undefined || revision === known) return undefined;
  const held = encoded.get(known);
  if (held?.revision === revision) return held;
  const news = feed.newsSince(known);
  if (news === undefined) return undefined;
  const from = kind.isFull(news) ? undefined : known;
  const full = from === known ? undefined : encoded.get(from);
  if (full?.revision === revision) return full;
  const { event, data } = kind.eventOf(service, known, news);
  const bytes = Buffer.from(`event: ${event}\nid: ${revision}\ndata: ${JSON.stringify(data)}\n\n`);
  const isStale = [...encoded.values()].some((each) => each.revision !== revision);
  if (isStale || encoded.size >= MAX_ENCODED) encoded.clear();
  encoded.set(from, { revision, bytes });
  return { revision, bytes };
}

/** What a reader has already: it says so itself, or its browser does when it comes back. */
function knownRevision(query: URLSearchParams, lastEventId: unknown): Revision | undefined {
  if (typeof lastEventId === 'string' && /^\d{1,16}$/.test(lastEventId)) return Number(lastEventId);
  if (!query.has('since')) return undefined;
  return integerOf(query, 'since', [0, Number.MAX_SAFE_INTEGER], 0);
}
