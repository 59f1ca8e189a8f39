import { eventsAfterQuery, type UserEvent } from '../../core/index.ts';
import type { Route, RouteRequest, RouteResponse } from '../../http/index.ts';
import { compileRegexp } from '../../platform/regexp.ts';
import { isPretty, jsonAnswer } from './answers.ts';
import { required } from './catalog.ts';
import { get, put, type ConsulContext } from './context.ts';
import { badRequest, ConsulError } from './errors.ts';
import type { GoStruct } from './go-json.ts';
import { parseUint64, requireDatacenter, waitOf } from './read-parameters.ts';

/** How long a reader waits that does not say. */
const DEFAULT_WAIT_MS = 600_000;
const MAX_BYTES = 512;
/** What an event takes on Consul's wire beside its texts, without its envelope and with it. */
const MESSAGE_BYTES = 66;
const ENVELOPE_BYTES = 96;
const FILTER_BYTES = 4;

type NewEvent = Omit<UserEvent, 'id' | 'time'>;

/** Events: announced by anybody, seen by everybody, the last 256 of them kept. */
export function eventRoutes(context: ConsulContext): Route[] {
  return [
    put('/v1/event/fire/{name+}', (request) => fire(context, request)),
    get('/v1/event/list', (request) => list(context, request)),
  ];
}

async function fire(context: ConsulContext, request: RouteRequest): Promise<RouteResponse> {
  const { registry } = context;
  requireDatacenter(request.query, registry.identity.datacenter);
  const event = eventOf(request);
  const isForUs = matcherOf(event);
  // Compat(consul): whether an event is kept is decided as it arrives, and its sender is not told.
  const id = isForUs(context) ? (await registry.events.fire(event)).id : context.options.random.uuid();
  return jsonAnswer(eventShape({ ...event, id, time: 0 }), isPretty(request));
}

function eventOf({ params, query, body }: RouteRequest): NewEvent {
  const event: NewEvent = {
    name: required(params['name'], 'Missing name'),
    payload: Buffer.from(body.buffer, body.byteOffset, body.length).toString('base64'),
    nodeFilter: query.get('node') ?? '',
    serviceFilter: query.get('service') ?? '',
    tagFilter: query.get('tag') ?? '',
  };
  if (event.tagFilter !== '' && event.serviceFilter === '')
    throw new ConsulError(500, 'Cannot provide tag filter without service filter');
  requireSmall(event, body.length);
  return event;
}

/** Whether an event concerns the agent that all registry nodes answer as. Throws for a bad expression. */
function matcherOf({ nodeFilter, serviceFilter, tagFilter }: NewEvent): (context: ConsulContext) => boolean {
  const matchesNode = filterOf('node', nodeFilter);
  const matchesService = filterOf('service', serviceFilter);
  const matchesTag = filterOf('tag', tagFilter);
  return ({ registry }) => {
    const { agentName } = registry.identity;
    if (!matchesNode(agentName)) return false;
    if (serviceFilter === '') return true;
    return [...registry.state.instancesOn(agentName).values()].some(
      ({ service, tags }) => matchesService(service) && (tagFilter === '' || tags.some(matchesTag)),
    );
  };
}

function filterOf(what: string, pattern: string): (text: string) => boolean {
  try {
    return compileRegexp(pattern);
  } catch (error) {
    throw new ConsulError(500, `Invalid ${what} filter: ${error instanceof Error ? error.message : ''}`);
  }
}

function requireSmall({ name, nodeFilter, serviceFilter, tagFilter }: NewEvent, payloadBytes: number): void {
  const filters = [nodeFilter, serviceFilter, tagFilter].filter((filter) => filter !== '');
  const filterBytes = filters.reduce((sum, filter) => sum + Buffer.byteLength(filter) + FILTER_BYTES, 0);
  // The name is on the wire twice.
  const textBytes = 2 * Buffer.byteLength(name) + payloadBytes + filterBytes;
  const over = (what: string, when: string) => {
    const limit = `${what} exceeds configured limit of ${String(MAX_BYTES)} bytes ${when}`;
    return new ConsulError(
      500,
      `1 error occurred:\n\t* error broadcasting event to segment "": ${limit}\n\n`,
    );
  };
  if (MESSAGE_BYTES + textBytes > MAX_BYTES) throw over('user event', 'before encoding');
  if (ENVELOPE_BYTES + textBytes > MAX_BYTES) throw over('encoded user event', 'after encoding');
}

async function list({ registry }: ConsulContext, request: RouteRequest): Promise<RouteResponse> {
  const { query, signal } = request;
  const known = knownOf(query.get('index'));
  const waitMs = waitOf(query.get('wait'), DEFAULT_WAIT_MS);
  const name = query.get('name') ?? '';
  const isKnown = (last: UserEvent | undefined) => indexOf(last) === known;
  const waiting = known === 0n ? {} : { index: 1, waitMs, signal };
  const { value: events } = await registry.reads.read(
    eventsAfterQuery(isKnown, name === '' ? undefined : name),
    {
      mode: 'default',
      ...waiting,
    },
  );
  const answer = jsonAnswer(events.map(eventShape), isPretty(request));
  return { ...answer, headers: { ...answer.headers, 'X-Consul-Index': String(indexOf(events.at(-1))) } };
}

function knownOf(index: string | null): bigint {
  if (index === null || index === '') return 0n;
  try {
    return parseUint64(index);
  } catch {
    throw badRequest('Invalid index');
  }
}

/**
 * What stands for the last event: the halves of its id, exclusive or; 1 where there is none.
 *
 * It does not grow: a reader waits until it is another.
 */
function indexOf(last: UserEvent | undefined): bigint {
  if (last === undefined) return 1n;
  const digits = last.id.replaceAll('-', '');
  return BigInt(`0x${digits.slice(0, 16)}`) ^ BigInt(`0x${digits.slice(16)}`);
}

function eventShape(event: UserEvent): GoStruct {
  return {
    ID: event.id,
    Name: event.name,
    Payload: event.payload === '' ? null : event.payload,
    NodeFilter: event.nodeFilter,
    ServiceFilter: event.serviceFilter,
    TagFilter: event.tagFilter,
    Version: 1,
    LTime: event.time,
  };
}
