import { LocalRing } from './local-ring.ts';
import type {
  ClusterStatus,
  FailoverReport,
  Instance,
  KeyPlacement,
  NodeStatus,
  RefusedRenewal,
  Renewal,
  ServiceDefinition,
} from './types.ts';

export interface ClientOptions {
  /** Base URL of a registry node; default `http://127.0.0.1:8500`. */
  readonly url?: string;
  /** Deadline of each request; default 5,000 ms. */
  readonly timeoutMs?: number;
}

/** An answer other than success, or to another question; `status` is 0 when there was no whole answer at all. */
export class RequestError extends Error {
  readonly status: number;

  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RequestError';
    this.status = status;
  }
}

interface RequestOptions {
  readonly method?: string;
  readonly body?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  /** Statuses above 299 that are no failure. */
  readonly allow?: readonly number[];
  readonly timeoutMs?: number;
  /** Gives up before the deadline. */
  readonly signal?: AbortSignal;
}

interface Answer {
  readonly status: number;
  readonly body: Uint8Array;
}

/** It waits for the sentinels. */
const FAILOVER_TIMEOUT_MS = 60_000;

interface HealthEntry {
  readonly Node: { readonly Node: string; readonly Address: string };
  readonly Service: { readonly ID: string; readonly Address: string; readonly Port: number };
}

/** Talks to a registry node; every call has a deadline and throws `RequestError`. */
export class RollcallClient {
  readonly #url: string;
  readonly #timeoutMs: number;

  constructor(options: ClientOptions = {}) {
    this.#url = (options.url ?? 'http://127.0.0.1:8500').replace(/\/+$/, '');
    this.#timeoutMs = options.timeoutMs ?? 5000;
  }

  async status(): Promise<NodeStatus> {
    return this.#json<NodeStatus>('/api/v1/status');
  }

  /** The registry's nodes and what each of them does. */
  async cluster(): Promise<ClusterStatus> {
    return this.#json<ClusterStatus>('/api/v1/cluster');
  }

  /** Names of all services with their tags. */
  async services(): Promise<Readonly<Record<string, readonly string[]>>> {
    return this.#json('/v1/catalog/services');
  }

  /** Instances of a service that pass all their checks. */
  async instances(service: string): Promise<readonly Instance[]> {
    const entries = await this.#json<readonly HealthEntry[]>(
      `/v1/health/service/${encodeURIComponent(service)}?passing`,
    );
    return entries.map(({ Node, Service }) => ({
      id: Service.ID,
      node: Node.Node,
      address: Service.Address === '' ? Node.Address : Service.Address,
      port: Service.Port,
    }));
  }

  /** The instance that owns a key, and the next `replicas - 1` behind it. */
  async owner(service: string, key: string, replicas = 1): Promise<KeyPlacement> {
    const query = new URLSearchParams({ key, replicas: String(replicas) });
    return this.#json(`/api/v1/services/${encodeURIComponent(service)}/owner?${query.toString()}`);
  }

  /** The ring of a service, followed and computed in this process until it is closed. */
  async localRing(service: string): Promise<LocalRing> {
    return LocalRing.open(service, (path, timeoutMs, signal) => this.#json(path, { timeoutMs, signal }));
  }

  /** Registers an instance; registering it again updates it. */
  async register({ ttlSeconds, ...service }: ServiceDefinition): Promise<void> {
    const check = ttlSeconds === undefined ? undefined : { TTL: `${String(ttlSeconds)}s`, Status: 'passing' };
    const body = JSON.stringify({ ...service, check });
    await this.#request('/v1/agent/service/register', { method: 'PUT', body });
  }

  /** Renews the lease of an instance that was registered with `ttlSeconds`. */
  async heartbeat(id: string): Promise<void> {
    await this.#request(`/v1/agent/check/pass/${encodeURIComponent(`service:${id}`)}`, { method: 'PUT' });
  }

  /**
   * Renews leases of up to 10,000 checks or instances in one call; answers those that could not be.
   *
   * A text is the id of a check of the logical agent, `service:<id>` of an instance registered with `ttlSeconds`.
   */
  async renew(renewals: readonly Renewal[]): Promise<readonly RefusedRenewal[]> {
    const answer = await this.#json<{ readonly refused: readonly { index: number; code: string }[] }>(
      '/api/v1/renewals',
      { method: 'POST', body: JSON.stringify({ renewals }) },
    );
    return answer.refused.map(({ index, code }) => ({ renewal: renewals[index] ?? '', code }));
  }

  async deregister(id: string): Promise<void> {
    await this.#request(`/v1/agent/service/deregister/${encodeURIComponent(id)}`, { method: 'PUT' });
  }

  /** The value of a configuration key; undefined when there is none. */
  async get(key: string): Promise<Uint8Array | undefined> {
    const { status, body } = await this.#request(`${keyPath(key)}?raw`, { allow: [404] });
    return status === 404 ? undefined : body;
  }

  async put(key: string, value: string | Uint8Array): Promise<void> {
    await this.#request(keyPath(key), { method: 'PUT', body: value });
  }

  async delete(key: string): Promise<void> {
    await this.#request(keyPath(key), { method: 'DELETE' });
  }

  /** Has another Redis server take over as planned; for operators, on the machine of a registry node. */
  async failOverRedis(): Promise<FailoverReport> {
    const headers = { 'Content-Type': 'application/json' };
    const timeoutMs = Math.max(this.#timeoutMs, FAILOVER_TIMEOUT_MS);
    return this.#json('/api/v1/redis/failover', { method: 'POST', headers, timeoutMs });
  }

  async #json<T>(path: string, options: RequestOptions = {}): Promise<T> {
    const { status, body } = await this.#request(path, options);
    try {
      return JSON.parse(textOf(body)) as T;
    } catch (error) {
      throw new RequestError(status, `${this.#url} did not answer in JSON`, { cause: error });
    }
  }

  async #request(path: string, options: RequestOptions = {}): Promise<Answer> {
    const { status, body } = await this.#exchange(path, options);
    if ((status >= 200 && status < 300) || options.allow?.includes(status) === true) return { status, body };
    const text = textOf(body).trim();
    throw new RequestError(status, text === '' ? `status ${String(status)}` : detailOf(text));
  }

  async #exchange(path: string, options: RequestOptions): Promise<Answer> {
    const { method = 'GET', body, headers = {}, timeoutMs = this.#timeoutMs } = options;
    try {
      const deadline = AbortSignal.timeout(timeoutMs);
      const signal = options.signal === undefined ? deadline : AbortSignal.any([deadline, options.signal]);
      const response = await fetch(`${this.#url}${path}`, {
        method,
        signal,
        headers,
        ...(body === undefined ? {} : { body }),
      });
      return { status: response.status, body: new Uint8Array(await response.arrayBuffer()) };
    } catch (error) {
      throw new RequestError(0, `no answer from ${this.#url}`, { cause: error });
    }
  }
}

function keyPath(key: string): string {
  return `/v1/kv/${key.split('/').map(encodeURIComponent).join('/')}`;
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function detailOf(text: string): string {
  try {
    const problem = JSON.parse(text) as { detail?: string; title?: string };
    return problem.detail ?? problem.title ?? text;
  } catch {
    return text;
  }
}
