import { createLogger } from '../../../src/platform/logger.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { systemRandom } from '../../../src/platform/random.ts';
import { pureHashes } from '../../../src/core/ring/index.ts';
import { createConsulDialect, SERVER_NODE_META } from '../../../src/protocols/consul/index.ts';
import type { Registry } from '../../../src/registry/index.ts';
import { startRuntime } from '../../../src/runtime/index.ts';
import type { Store } from '../../../src/store/store.ts';
import { send, serveDialects, type HttpAnswer } from '../../support/http.ts';
import { startRegistry, type TestRegistry } from '../../support/registry.ts';

export const CHECK_DEREGISTER_MIN_MS = 300;
export const KV_MAX_VALUE_BYTES = 524_288;

/** The Consul dialect on a real socket over a registry that runs its checks and sweeps its leases. */
export class ConsulServer {
  readonly port: number;
  readonly #registry: TestRegistry;
  readonly #stop: () => Promise<void>;

  private constructor(port: number, registry: TestRegistry, stop: () => Promise<void>) {
    this.port = port;
    this.#registry = registry;
    this.#stop = stop;
  }

  /** Over the store given; default: an embedded one. */
  static async start(enableScriptChecks = false, store?: Store): Promise<ConsulServer> {
    const tested = await startRegistry(store === undefined ? {} : { store });
    const platform = { clock: systemClock, random: systemRandom };
    const dialect = createConsulDialect(tested.registry, {
      ...platform,
      kvMaxValueBytes: KV_MAX_VALUE_BYTES,
      checkIntervalMinMs: 50,
      enableScriptChecks,
      checkDeregisterMinMs: CHECK_DEREGISTER_MIN_MS,
    });
    const server = await serveDialects([dialect]);
    const logger = createLogger('silent');
    const hash64 = pureHashes.xxh64;
    const runtime = await startRuntime({
      ...platform,
      registry: tested.registry,
      hash64,
      logger,
      httpPort: server.port,
      scriptChecks: enableScriptChecks,
      nodeMeta: SERVER_NODE_META,
    });
    return new ConsulServer(server.port, tested, async () => {
      server.shutdown.abort();
      await runtime.stop();
      await server.stop();
      await tested.stop();
    });
  }

  get registry(): Registry {
    return this.#registry.registry;
  }

  stop(): Promise<void> {
    return this.#stop();
  }

  get(path: string, headers: Record<string, string> = {}): Promise<HttpAnswer> {
    return send(this.port, 'GET', path, { headers });
  }

  /** PUTs bytes, text, or anything else as JSON; resolves with the answer. */
  put(path: string, body: unknown = ''): Promise<HttpAnswer> {
    const bytes = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
    return send(this.port, 'PUT', path, { body: bytes });
  }

  delete(path: string): Promise<HttpAnswer> {
    return send(this.port, 'DELETE', path);
  }

  /** The parsed body of a GET that must succeed. */
  async json<T>(path: string): Promise<T> {
    const answer = await this.get(path);
    if (answer.status !== 200)
      throw new Error(`GET ${path} answered ${String(answer.status)}: ${answer.text}`);
    return JSON.parse(answer.text) as T;
  }
}

/** The index an answer carries. */
export function indexOf(answer: HttpAnswer): number {
  return Number(answer.headers['x-consul-index']);
}
