import {
  RollcallError,
  topics,
  type Instance,
  type Query,
  type Registration,
  type State,
  type Stored,
} from '../../core/index.ts';
import type { Route, RouteRequest, RouteResponse } from '../../http/index.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Registry } from '../../registry/index.ts';
import {
  checkStatus,
  infoOf,
  leaseCheckId,
  leaseOutput,
  leaseStatus,
  overriddenElsewhere,
  registeredFields,
  registeredInfo,
  registrationOf,
  type EurekaFields,
  type LeaseTerms,
} from './catalog-mapping.ts';
import type { HeartbeatTimes } from './heartbeat-times.ts';
import type { InstanceIds } from './instance-ids.ts';
import { readInstance, readValue, unreadable } from './instance-body.ts';
import { completed, type SubmittedInstance } from './instance-decoder.ts';
import { isStatus, type InstanceInfo, type InstanceStatus } from './instance-info.ts';
import { instanceText } from './lookups.ts';
import { acceptedFormat, body, bodyType, empty } from './negotiation.ts';
import { annotated, overridden, registered, released, resolveStatus, type Change } from './status-rules.ts';

/** `true` on what one Eureka server passes on to another. */
export const REPLICATION_HEADER = 'x-netflix-discovery-replication';

interface Deps {
  readonly registry: Registry;
  readonly heartbeats: HeartbeatTimes;
  readonly ids: InstanceIds;
  readonly clock: Clock;
  readonly lease: LeaseTerms;
  /** Whether what clients say here is passed on to peers, so that it matters who said it last. */
  readonly forwards: boolean;
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
      isRegistration: true,
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
  readonly #deps: Deps;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  async register(request: RouteRequest): Promise<RouteResponse> {
    const type = bodyType(request.headers);
    if (type === undefined) return empty(request, 415);
    const submitted = readInstance(request.body, type, this.#deps.clock.now());
    return submitted === undefined ? unreadable(type) : this.accept(request, submitted);
  }

  /** Registers an instance that has been read from a request already. */
  async accept(request: RouteRequest, submitted: SubmittedInstance): Promise<RouteResponse> {
    const app = (request.params['app'] ?? '').toUpperCase();
    const instance = completed(submitted, app);
    if (typeof instance === 'string') return body(acceptedFormat(request.headers), 400, instance);
    const replicated = isReplicated(request);
    await this.#put(instance, replicated);
    return empty(request, 204);
  }

  /** Registers what a peer has of an instance, where it is that instance. */
  async adopt({ app, instanceId }: InstanceInfo, value: unknown): Promise<void> {
    const submitted = readValue(value, this.#deps.clock.now());
    const instance = submitted && completed(submitted, app);
    if (typeof instance === 'object' && instance.instanceId === instanceId) await this.#put(instance, true);
  }

  async #put(instance: InstanceInfo, replicated: boolean): Promise<void> {
    const now = this.#deps.clock.now();
    await this.#deps.registry.catalog.registerFrom((state) => {
      const held = this.#deps.ids.inApp(instance.app, instance.instanceId);
      const info = registered(held && registeredInfo(state, held), instance, { replicated, now });
      return registrationOf(state, info, held, this.#deps.lease);
    });
  }

  /** The lease is renewed even where the answer is that the client must register again. */
  async heartbeat(request: RouteRequest): Promise<RouteResponse> {
    const { registry, clock, heartbeats, forwards } = this.#deps;
    const instance = await this.#find(request);
    const held = instance && registeredFields(registry.state, instance);
    // An instance that registered elsewhere has no lease here: a client that takes it for its own registers it.
    if (instance === undefined || held === undefined) return empty(request, 404);
    const status = resolveStatus({ own: held.status, override: held.overriddenStatus });
    if (status === 'UNKNOWN') return empty(request, 404);
    const now = clock.now();
    const replicated = isReplicated(request);
    if (status !== held.status) {
      await this.#change(request, (info) => ({
        ...info,
        status,
        replicated,
        lastUpdatedAt: now,
        actionType: 'MODIFIED',
      }));
    } else if (forwards && replicated !== held.replicated) {
      await this.#change(request, (info) => ({ ...info, replicated }));
    } else {
      const own = leaseStatus(held);
      await registry.health.heartbeat(
        instance.node,
        leaseCheckId(instance.id),
        checkStatus(own),
        leaseOutput(own),
      );
    }
    heartbeats.note(instance, now);
    return this.#compareDirty(request, held);
  }

  async cancel(request: RouteRequest): Promise<RouteResponse> {
    const instance = await this.#find(request);
    if (instance === undefined) return empty(request, 404);
    await this.#deps.registry.catalog.deregisterInstance(instance.node, instance.id);
    return empty(request, 200);
  }

  async override(request: RouteRequest): Promise<RouteResponse> {
    const value = request.query.get('value');
    return this.#setStatus(request, value, {
      registered: (info, status, change) => overridden(info, status, change),
      elsewhere: (status) => status,
    });
  }

  /** The health of an instance that registered elsewhere says what it is then; `value` is for others. */
  async release(request: RouteRequest): Promise<RouteResponse> {
    const value = request.query.get('value') ?? 'UNKNOWN';
    return this.#setStatus(request, value, {
      registered: (info, status, change) => released(info, status, change),
      elsewhere: () => undefined,
    });
  }

  async annotate(request: RouteRequest): Promise<RouteResponse> {
    // The first value of a repeated key wins.
    const metadata = Object.fromEntries([...request.query].reverse().filter(([key]) => key !== ''));
    const now = this.#deps.clock.now();
    await this.#change(request, (info) => withinLimit(annotated(info, metadata, now)));
    return empty(request, 200);
  }

  /** Tells a client whose data is newer than what is registered to register it, and a peer whose data is older. */
  async #compareDirty(request: RouteRequest, held: EurekaFields): Promise<RouteResponse> {
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
    const info =
      instance && infoOf(this.#deps.registry.state, instance, this.#deps.heartbeats.last(instance));
    if (info === undefined) return empty(request, 404);
    return body(acceptedFormat(request.headers), 409, instanceText(request, info));
  }

  async #setStatus(request: RouteRequest, value: string | null, rules: StatusRules): Promise<RouteResponse> {
    if ((await this.#find(request)) === undefined) return empty(request, 404);
    const dirtyAt = longParameter(request, 'lastDirtyTimestamp');
    if (!isStatus(value) || dirtyAt === 'invalid') return empty(request, 500);
    const replicated = isReplicated(request);
    const change = { dirtyAt, now: this.#deps.clock.now() };
    await this.#change(
      request,
      (info) => {
        const changed = rules.registered(info, value, change);
        return changed === info ? info : { ...changed, replicated };
      },
      (state, instance) => overriddenElsewhere(state, instance, rules.elsewhere(value), replicated),
    );
    return empty(request, 200);
  }

  /**
   * Registers what `change` makes of an instance, which renews its lease; `elsewhere` is for one that
   * registered elsewhere. Throws `instance_not_found`.
   */
  async #change(
    { params }: RouteRequest,
    change: (info: InstanceInfo) => InstanceInfo,
    elsewhere?: (state: State, instance: Stored<Instance>) => Registration,
  ): Promise<void> {
    const { app = '', id = '' } = params;
    await this.#deps.registry.catalog.registerFrom((state) => {
      const instance = this.#deps.ids.inApp(app, id);
      const info = instance && registeredInfo(state, instance);
      if (info !== undefined) return registrationOf(state, change(info), instance, this.#deps.lease);
      if (instance === undefined || elsewhere === undefined) throw new RollcallError('instance_not_found');
      return elsewhere(state, instance);
    });
  }

  /** The instance a request is about; asks the store before it says that there is none. */
  async #find({ params }: RouteRequest): Promise<Stored<Instance> | undefined> {
    const { app = '', id = '' } = params;
    const found = this.#deps.ids.inApp(app, id);
    if (found !== undefined) return found;
    const topic = topics.service(app);
    const query: Query<Stored<Instance> | undefined> = {
      topics: [topic],
      index: (state) => state.topic(topic),
      run: () => this.#deps.ids.inApp(app, id),
    };
    return (await this.#deps.registry.reads.read(query, { mode: 'default' })).value;
  }
}

/** What a status that is set or released makes of an instance. */
interface StatusRules {
  readonly registered: (info: InstanceInfo, status: InstanceStatus, change: Change) => InstanceInfo;
  /** The override of one that registered elsewhere. */
  readonly elsewhere: (status: InstanceStatus) => InstanceStatus | undefined;
}

/** A peer sends this of its own accord, and not for a client that asked it to. */
function isReplicated({ headers }: RouteRequest): boolean {
  return String(headers[REPLICATION_HEADER]).toLowerCase() === 'true';
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
