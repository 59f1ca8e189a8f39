import { RollcallError, topics, type Instance, type Query, type Stored } from '../../core/index.ts';
import type { Route, RouteRequest, RouteResponse } from '../../http/index.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Registry } from '../../registry/index.ts';
import {
  checkStatus,
  findInstance,
  infoOf,
  leaseCheckId,
  leaseOutput,
  registeredInfo,
  registrationOf,
} from './catalog-mapping.ts';
import type { HeartbeatTimes } from './heartbeat-times.ts';
import {
  completed,
  decodeInstance,
  MalformedInstanceError,
  type SubmittedInstance,
} from './instance-decoder.ts';
import { isStatus, type InstanceInfo } from './instance-info.ts';
import { readInstanceJson } from './json-reader.ts';
import { instanceText } from './lookups.ts';
import { acceptedFormat, body, bodyType, empty, type BodyType } from './negotiation.ts';
import { annotated, overridden, registered, released, resolveStatus } from './status-rules.ts';
import { readInstanceXml } from './xml-reader.ts';

/** `true` on what one Eureka server passes on to another. */
export const REPLICATION_HEADER = 'x-netflix-discovery-replication';

interface Deps {
  readonly registry: Registry;
  readonly heartbeats: HeartbeatTimes;
  readonly clock: Clock;
}

/** Larger than any instance that clients post; metadata is the only part that grows. */
const INSTANCE_LIMIT_BYTES = 256 * 1024;

/** Writes, by their paths behind the base. */
export function registrationRoutes(registrations: Registrations): Route[] {
  return [
    {
      method: 'POST',
      path: '/apps/{app}',
      bodyLimitBytes: INSTANCE_LIMIT_BYTES,
      handle: (request) => registrations.register(request),
    },
    { method: 'PUT', path: '/apps/{app}/{id}', handle: (request) => registrations.heartbeat(request) },
    { method: 'DELETE', path: '/apps/{app}/{id}', handle: (request) => registrations.cancel(request) },
    { method: 'PUT', path: '/apps/{app}/{id}/status', handle: (request) => registrations.override(request) },
    {
      method: 'DELETE',
      path: '/apps/{app}/{id}/status',
      handle: (request) => registrations.release(request),
    },
    {
      method: 'PUT',
      path: '/apps/{app}/{id}/metadata',
      handle: (request) => registrations.annotate(request),
    },
  ];
}

/** What Eureka's writes do to the catalog, each with its answer. */
export class Registrations {
  readonly #registry: Registry;
  readonly #heartbeats: HeartbeatTimes;
  readonly #clock: Clock;

  constructor({ registry, heartbeats, clock }: Deps) {
    this.#registry = registry;
    this.#heartbeats = heartbeats;
    this.#clock = clock;
  }

  async register(request: RouteRequest): Promise<RouteResponse> {
    const type = bodyType(request.headers);
    if (type === undefined) return empty(request, 415);
    const submitted = readInstance(request.body, type, this.#clock.now());
    return submitted === undefined ? unreadable(type) : this.accept(request, submitted);
  }

  /** Registers an instance that has been read from a request already. */
  async accept(request: RouteRequest, submitted: SubmittedInstance): Promise<RouteResponse> {
    const app = (request.params['app'] ?? '').toUpperCase();
    const instance = completed(submitted, app);
    if (typeof instance === 'string') return body(acceptedFormat(request.headers), 400, instance);
    const replicated = isReplicated(request);
    const now = this.#clock.now();
    await this.#registry.catalog.registerFrom((state) => {
      const held = findInstance(state, app, instance.instanceId);
      const heldInfo = held && registeredInfo(held);
      const info = registered(heldInfo, instance, { replicated, now });
      return registrationOf(state, info, heldInfo && held);
    });
    return empty(request, 204);
  }

  /** The lease is renewed even where the answer is that the client must register again. */
  async heartbeat(request: RouteRequest): Promise<RouteResponse> {
    const instance = await this.#find(request);
    const held = instance && registeredInfo(instance);
    if (instance === undefined || held === undefined) return empty(request, 404);
    const status = resolveStatus({ own: held.status, override: held.overriddenStatus });
    if (status === 'UNKNOWN') return empty(request, 404);
    const now = this.#clock.now();
    if (status === held.status) {
      const { health } = this.#registry;
      await health.heartbeat(
        instance.node,
        leaseCheckId(instance.id),
        checkStatus(status),
        leaseOutput(status),
      );
    } else {
      await this.#change(request, (info) => ({
        ...info,
        status,
        lastUpdatedAt: now,
        actionType: 'MODIFIED',
      }));
    }
    this.#heartbeats.note(instance, now);
    return this.#compareDirty(request, held);
  }

  async cancel(request: RouteRequest): Promise<RouteResponse> {
    const instance = await this.#find(request);
    if (instance === undefined) return empty(request, 404);
    await this.#registry.catalog.deregisterInstance(instance.node, instance.id);
    return empty(request, 200);
  }

  async override(request: RouteRequest): Promise<RouteResponse> {
    if ((await this.#find(request)) === undefined) return empty(request, 404);
    const value = request.query.get('value');
    const dirtyAt = longParameter(request, 'lastDirtyTimestamp');
    if (!isStatus(value) || dirtyAt === 'invalid') return empty(request, 500);
    const change = { dirtyAt, now: this.#clock.now() };
    await this.#change(request, (info) => overridden(info, value, change));
    return empty(request, 200);
  }

  async release(request: RouteRequest): Promise<RouteResponse> {
    if ((await this.#find(request)) === undefined) return empty(request, 404);
    const value = request.query.get('value') ?? 'UNKNOWN';
    const dirtyAt = longParameter(request, 'lastDirtyTimestamp');
    if (!isStatus(value) || dirtyAt === 'invalid') return empty(request, 500);
    const change = { dirtyAt, now: this.#clock.now() };
    await this.#change(request, (info) => released(info, value, change));
    return empty(request, 200);
  }

  async annotate(request: RouteRequest): Promise<RouteResponse> {
    // The first value of a repeated key wins.
    const metadata = Object.fromEntries([...request.query].reverse().filter(([key]) => key !== ''));
    const now = this.#clock.now();
    await this.#change(request, (info) => withinLimit(annotated(info, metadata, now)));
    return empty(request, 200);
  }

  /** Tells a client whose data is newer than what is registered to register it, and a peer whose data is older. */
  async #compareDirty(request: RouteRequest, held: InstanceInfo): Promise<RouteResponse> {
    const dirtyAt = longParameter(request, 'lastDirtyTimestamp');
    if (dirtyAt === 'invalid') return empty(request, 500);
    if (dirtyAt === undefined || dirtyAt === held.lastDirtyAt) return empty(request, 200);
    if (dirtyAt > held.lastDirtyAt) {
      const override = request.query.get('overriddenstatus');
      if (isReplicated(request) && isStatus(override) && override !== 'UNKNOWN') {
        await this.#change(request, (info) => ({ ...info, overriddenStatus: override }));
      }
      return empty(request, 404);
    }
    if (!isReplicated(request)) return empty(request, 200);
    const instance = await this.#find(request);
    const info = instance && infoOf(this.#registry.state, instance, this.#heartbeats.last(instance));
    if (info === undefined) return empty(request, 404);
    return body(acceptedFormat(request.headers), 409, instanceText(request, info));
  }

  /** Registers what `change` makes of an instance, which renews its lease. Throws `instance_not_found`. */
  async #change({ params }: RouteRequest, change: (info: InstanceInfo) => InstanceInfo): Promise<void> {
    const { app = '', id = '' } = params;
    await this.#registry.catalog.registerFrom((state) => {
      const instance = findInstance(state, app, id);
      const info = instance && registeredInfo(instance);
      if (info === undefined) throw new RollcallError('instance_not_found');
      return registrationOf(state, change(info), instance);
    });
  }

  /** The instance a request is about; asks the store before it says that there is none. */
  async #find({ params }: RouteRequest): Promise<Stored<Instance> | undefined> {
    const { app = '', id = '' } = params;
    const found = findInstance(this.#registry.state, app, id);
    if (found !== undefined) return found;
    const topic = topics.service(app);
    const query: Query<Stored<Instance> | undefined> = {
      topics: [topic],
      index: (state) => state.topic(topic),
      run: (state) => findInstance(state, app, id),
    };
    return (await this.#registry.reads.read(query, { mode: 'default' })).value;
  }
}

/** A peer sends this of its own accord, and not for a client that asked it to. */
function isReplicated({ headers }: RouteRequest): boolean {
  return String(headers[REPLICATION_HEADER]).toLowerCase() === 'true';
}

/** Undefined where the body is not an instance. */
function readInstance(
  bytes: Uint8Array,
  { format, charset }: BodyType,
  now: number,
): SubmittedInstance | undefined {
  try {
    const text = charset === 'latin1' ? Buffer.from(bytes).toString('latin1') : readUtf8(bytes);
    return decodeInstance(format === 'xml' ? readInstanceXml(text) : readInstanceJson(text), now);
  } catch (error) {
    // A RangeError is a value nested deeper than the stack.
    if (error instanceof MalformedInstanceError || error instanceof RangeError) return undefined;
    throw error;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function readUtf8(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new MalformedInstanceError('the body is not UTF-8');
  }
}

/** Refuses a body that is not what it should be. */
export function unreadable({ format }: Pick<BodyType, 'format'>): RouteResponse {
  const message = 'cannot parse request body';
  return body(
    format,
    400,
    format === 'json' ? `{"error": "${message}"}` : `<error><message>${message}</message></error>`,
  );
}

function withinLimit(info: InstanceInfo): InstanceInfo {
  if (JSON.stringify(info.metadata).length <= INSTANCE_LIMIT_BYTES) return info;
  throw new RollcallError('payload_too_large', `Metadata above ${INSTANCE_LIMIT_BYTES} bytes`);
}

/** A 64-bit integer of the query, as Java reads it. */
function longParameter({ query }: RouteRequest, name: string): number | undefined | 'invalid' {
  const text = query.get(name);
  if (text === null) return undefined;
  return /^[+-]?\d{1,19}$/.test(text) ? Number(text) : 'invalid';
}
