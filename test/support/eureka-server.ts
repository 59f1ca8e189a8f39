import type { Clock } from '../../src/platform/clock.ts';
import {
  createEurekaDialect,
  type EurekaDialect,
  type EurekaOptions,
} from '../../src/protocols/eureka/index.ts';
import type { Registry } from '../../src/registry/index.ts';
import type { Store } from '../../src/store/store.ts';
import { send, serveDialects, type HttpAnswer } from './http.ts';
import { startRegistry, type TestRegistry } from './registry.ts';

export const NOW = 1_700_000_000_000;

type Json = Readonly<Record<string, unknown>>;

/** The Eureka dialect on a real socket over a registry of its own, with a clock that tests set. */
export class EurekaServer {
  readonly port: number;
  readonly clock: Clock & { time: number };
  /** Those of the servers that `replicateTo` names; tests let them send. */
  readonly peerSenders: EurekaDialect['peerSenders'];
  readonly #registry: TestRegistry;
  readonly #stop: () => Promise<void>;

  private constructor(
    { port, clock, peerSenders }: Pick<EurekaServer, 'port' | 'clock' | 'peerSenders'>,
    registry: TestRegistry,
    stop: () => Promise<void>,
  ) {
    this.port = port;
    this.clock = clock;
    this.peerSenders = peerSenders;
    this.#registry = registry;
    this.#stop = stop;
  }

  /** On an embedded store of its own, or on the store given; `wrap` comes between. */
  static async start(
    options: { store?: Store; wrap?: (store: Store) => Store } & Omit<EurekaOptions, 'clock'> = {},
  ): Promise<EurekaServer> {
    const { store, wrap, ...rest } = options;
    const tested = await startRegistry({ ...(store && { store }), ...(wrap && { wrap }) });
    const clock = { time: NOW, now: () => clock.time, monotonic: () => clock.time };
    const dialect = createEurekaDialect(tested.registry, {
      clock,
      httpPort: (): number => server.port,
      ...rest,
    });
    const server = await serveDialects([dialect]);
    const { peerSenders } = dialect;
    return new EurekaServer({ port: server.port, clock, peerSenders }, tested, async () => {
      for (const sender of peerSenders) sender.close();
      await server.stop();
      await tested.stop();
    });
  }

  get registry(): Registry {
    return this.#registry.registry;
  }

  /** Advances the lease clock once and acts on the leases that are due. */
  async sweep(): Promise<void> {
    const { due } = await this.#registry.store.sweep({ sweeper: 'test', limit: 100 });
    for (const lease of due) await this.registry.leases.expire(lease);
  }

  /** Takes the store away under the running server. */
  closeStore(): Promise<void> {
    return this.#registry.store.close();
  }

  stop(): Promise<void> {
    return this.#stop();
  }

  get(path: string, headers: Record<string, string> = {}): Promise<HttpAnswer> {
    return send(this.port, 'GET', path, { headers });
  }

  /** The answer to a GET that accepts JSON. */
  async json(path: string): Promise<Json> {
    const answer = await this.get(path, { Accept: 'application/json' });
    if (answer.status !== 200) throw new Error(`GET ${path} answered ${String(answer.status)}`);
    return JSON.parse(answer.text) as Json;
  }

  /** The instance at `apps/{app}/{id}`. */
  async instance(app: string, id: string): Promise<Json> {
    return (await this.json(`/eureka/apps/${app}/${id}`))['instance'] as Json;
  }

  async put(path: string, headers: Record<string, string> = {}): Promise<number> {
    return (await send(this.port, 'PUT', path, { headers })).status;
  }

  async delete(path: string): Promise<number> {
    return (await send(this.port, 'DELETE', path)).status;
  }

  post(app: string, body: string | Uint8Array, headers: Record<string, string> = {}): Promise<HttpAnswer> {
    return send(this.port, 'POST', `/eureka/apps/${encodeURIComponent(app)}`, {
      body,
      headers: { 'Content-Type': 'application/json', ...headers },
    });
  }

  /** Registers an instance from its JSON fields; resolves with the status. */
  async register(fields: Json, headers: Record<string, string> = {}): Promise<number> {
    return (await this.post(String(fields['app']), JSON.stringify({ instance: fields }), headers)).status;
  }
}

export const MY_OWN = { '@class': 'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo', name: 'MyOwn' };

/** What a client posts, in Netflix's form. */
export function anEurekaInstance(fields: Json = {}): Json {
  return {
    instanceId: 'host-1:orders:8080',
    hostName: 'host-1',
    app: 'ORDERS',
    ipAddr: '10.0.0.1',
    status: 'UP',
    port: { $: 8080, '@enabled': 'true' },
    securePort: { $: 443, '@enabled': 'false' },
    dataCenterInfo: MY_OWN,
    vipAddress: 'orders',
    lastDirtyTimestamp: String(NOW - 1000),
    ...fields,
  };
}
