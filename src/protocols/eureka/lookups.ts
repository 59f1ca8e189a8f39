import { RollcallError, type Instance, type Stored } from '../../core/index.ts';
import type { Reuse, Route, RouteRequest, RouteResponse } from '../../http/index.ts';
import type { Registry } from '../../registry/index.ts';
import { hashCodeOf, pick, type Application } from './applications.ts';
import { infoOf } from './catalog-mapping.ts';
import {
  compactApplicationJson,
  compactApplicationsJson,
  compactApplicationsXml,
  compactApplicationXml,
} from './compact-writer.ts';
import type { HeartbeatTimes } from './heartbeat-times.ts';
import type { InstanceIds } from './instance-ids.ts';
import type { InstanceInfo } from './instance-info.ts';
import { applicationJson, applicationsJson, instanceJson } from './json-writer.ts';
import { acceptedFormat, acceptsGzip, empty, isCompact, readable, readableText } from './negotiation.ts';
import type { RecentChanges } from './recent-changes.ts';
import { SharedAnswers, type Encode } from './shared-answers.ts';
import { applicationsXml, applicationXml, instanceXml } from './xml-writer.ts';

interface LookupDeps {
  readonly registry: Registry;
  readonly heartbeats: HeartbeatTimes;
  readonly changes: RecentChanges;
  readonly ids: InstanceIds;
}

/** Reads, by their paths behind the base: answered from memory, which has what this node acknowledged. */
export function lookupRoutes(deps: LookupDeps): Route[] {
  const lookups = new Lookups(deps);
  return [
    { method: 'GET', path: '/apps', handle: (request) => lookups.all(request) },
    { method: 'GET', path: '/apps/delta', handle: (request) => lookups.delta(request) },
    { method: 'GET', path: '/apps/{app}', handle: (request) => lookups.application(request) },
    { method: 'GET', path: '/apps/{app}/{id}', handle: (request) => lookups.instance(request) },
    { method: 'GET', path: '/instances/{id}', handle: (request) => lookups.instanceById(request) },
    { method: 'GET', path: '/vips/{address}', handle: (request) => lookups.byVip(request, 'vipAddress') },
    {
      method: 'GET',
      path: '/svips/{address}',
      handle: (request) => lookups.byVip(request, 'secureVipAddress'),
    },
  ];
}

/** Full answers always carry this version; clients read none into it. */
const FULL_VERSION = '1';
const NO_VERSION = '-1';

class Lookups {
  readonly #registry: Registry;
  readonly #heartbeats: HeartbeatTimes;
  readonly #changes: RecentChanges;
  readonly #ids: InstanceIds;
  readonly #answers: SharedAnswers;

  constructor({ registry, heartbeats, changes, ids }: LookupDeps) {
    this.#ids = ids;
    this.#registry = registry;
    this.#heartbeats = heartbeats;
    this.#changes = changes;
    this.#answers = new SharedAnswers(registry, (instance) => heartbeats.last(instance));
  }

  all(request: RouteRequest): Promise<RouteResponse> {
    return this.#shared(request, 'apps', ({ applications }) =>
      applicationsText(request, FULL_VERSION, applications),
    );
  }

  /** What has changed of late, with the hash code of everything: both are of one moment. */
  delta(request: RouteRequest): Promise<RouteResponse> {
    const encode: Encode = ({ applications, revision }) => {
      const changed = this.#changes.applications((instance) => this.#heartbeats.last(instance));
      return applicationsText(request, String(revision), changed, hashCodeOf(applications));
    };
    this.#purge();
    return this.#shared(request, 'delta', encode);
  }

  application(request: RouteRequest): Promise<RouteResponse> {
    const name = (request.params['app'] ?? '').toUpperCase();
    return this.#shared(request, `app ${name}`, ({ applications }) => {
      const application = applications.find((each) => each.name === name);
      if (application === undefined) return undefined;
      return writers(request).application(application);
    });
  }

  byVip(request: RouteRequest, field: 'vipAddress' | 'secureVipAddress'): Promise<RouteResponse> {
    const address = request.params['address'] ?? '';
    const picks = ({ texts }: InstanceInfo) => texts[field]?.split(',').includes(address) ?? false;
    return this.#shared(request, `${field} ${address}`, ({ applications }) =>
      applicationsText(request, NO_VERSION, pick(applications, picks)),
    );
  }

  instance(request: RouteRequest): Promise<RouteResponse> {
    const { app = '', id = '' } = request.params;
    return this.#single(request, this.#ids.inApp(app, id));
  }

  instanceById(request: RouteRequest): Promise<RouteResponse> {
    return this.#single(request, this.#ids.inAny(request.params['id'] ?? ''));
  }

  async #single(request: RouteRequest, instance: Stored<Instance> | undefined): Promise<RouteResponse> {
    this.#requireReady();
    const info = instance && infoOf(this.#registry.state, instance, this.#heartbeats.last(instance));
    if (info === undefined) return empty(request, 404);
    return readableText(request, instanceText(request, info));
  }

  async #shared(request: RouteRequest, name: string, encode: Encode): Promise<RouteResponse> {
    this.#requireReady();
    const form = isCompact(request.headers) ? 'compact' : 'full';
    const key = `${acceptedFormat(request.headers)} ${form} ${name}`;
    const gzip = acceptsGzip(request.headers);
    const generation = this.#answers.generation();
    const bytes = gzip ? await this.#answers.zipped(key, encode) : this.#answers.plain(key, encode);
    if (bytes === undefined) return empty(request, 404);
    return { ...readable(request, bytes), reuse: this.#whileIn(generation) };
  }

  /** Memory as it is will do, so there is nothing to wait for. */
  #whileIn(generation: number): Reuse {
    return {
      prepare: () => undefined,
      isCurrent: () => {
        this.#purge();
        return this.#registry.ready && this.#answers.generation() === generation;
      },
    };
  }

  #purge(): void {
    if (this.#changes.purge()) this.#answers.forget();
  }

  #requireReady(): void {
    if (!this.#registry.ready) throw new RollcallError('not_ready');
  }
}

function applicationsText(
  request: RouteRequest,
  version: string,
  applications: readonly Application[],
  hashCode = hashCodeOf(applications),
): string {
  return writers(request).applications({ version, hashCode, applications });
}

/** What writes answers about many instances as the request wants them. */
function writers({ headers }: RouteRequest) {
  const isJson = acceptedFormat(headers) === 'json';
  if (isCompact(headers)) {
    return isJson
      ? { applications: compactApplicationsJson, application: compactApplicationJson }
      : { applications: compactApplicationsXml, application: compactApplicationXml };
  }
  return isJson
    ? { applications: applicationsJson, application: applicationJson }
    : { applications: applicationsXml, application: applicationXml };
}

/** One instance in the format the request accepts. */
export function instanceText(request: RouteRequest, info: InstanceInfo): string {
  return acceptedFormat(request.headers) === 'json' ? instanceJson(info) : instanceXml(info);
}
