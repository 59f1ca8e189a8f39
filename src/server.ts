import type { Config } from './config/index.ts';
import { createApp, createEdge, HttpServer, type Dialect } from './http/index.ts';
import { identityOf } from './identity.ts';
import { systemClock } from './platform/clock.ts';
import { createLogger, type Logger } from './platform/logger.ts';
import { createMetrics, type Metrics } from './platform/metrics.ts';
import { systemRandom } from './platform/random.ts';
import { loadXxhash64 } from './platform/xxhash.ts';
import { createConsulDialect } from './protocols/consul/index.ts';
import { createDnsCatalog, createDnsServer } from './protocols/dns/index.ts';
import { createEurekaDialect } from './protocols/eureka/index.ts';
import { createNativeDialect } from './protocols/native/index.ts';
import { Registry } from './registry/index.ts';
import { startRuntime, type Runtime } from './runtime/index.ts';
import { registerServiceFiles } from './service-files.ts';
import { createEmbeddedStore } from './store/embedded/index.ts';
import { createRedisStore } from './store/redis/index.ts';
import { StoreError, type Store } from './store/store.ts';
import { Follower } from './view/follower.ts';
import { View } from './view/view.ts';

/** A started registry node. */
export interface RunningServer {
  readonly httpPort: number;
  readonly dnsPort: number;
  /** Resolves when everything is closed, within ten seconds. */
  stop(): Promise<void>;
}

const OPENAPI_NAMES = ['native', 'consul', 'eureka'];
const READY_POLL_MS = 20;
const OPEN_RETRY_MS = 1000;

/**
 * Builds one registry node and starts it; resolves once it is ready to serve, with nothing when
 * `signal` aborted first.
 *
 * While Redis cannot be reached it goes on trying, and answers "not ready" meanwhile. Rejects when a
 * port or the data directory cannot be had.
 */
export async function startServer(
  config: Config,
  version: string,
  signal: AbortSignal,
): Promise<RunningServer | undefined> {
  const logger = createLogger(config.logLevel);
  const metrics = createMetrics();
  const shutdown = new AbortController();
  const store = createStore(config, logger);
  const view = new View(systemClock);
  const platform = { clock: systemClock, random: systemRandom, logger };
  const follower = new Follower({ store, view, ...platform });
  const hash64 = await loadXxhash64();
  const registry = new Registry({
    identity: identityOf(config, version),
    store,
    view,
    hash64,
    outputIntervalMs: config.checkUpdateIntervalMs,
    onEpochChanged: () => {
      follower.restart();
    },
    ...platform,
  });
  const state: { stopping: boolean; runtime: Runtime | undefined } = { stopping: false, runtime: undefined };
  const http = createHttp(config, registry, {
    metrics,
    logger,
    shutdown: shutdown.signal,
    isServing: () => registry.ready && !state.stopping,
  });
  const dns = createDnsServer(
    { host: config.bind, port: config.dnsPort, ...metrics.dns },
    createDnsCatalog(registry),
    logger,
  );
  const stop = async () => {
    state.stopping = true;
    shutdown.abort();
    await Promise.all([http.close(), dns.stop(), state.runtime?.stop()]);
    await follower.stop();
    await store.close();
  };
  try {
    const [httpPort, dnsPort] = await Promise.all([http.listen(), dns.start()]);
    await openStore(store, logger, signal);
    follower.start();
    await untilReady(view, signal);
    state.runtime = await startRuntime({ registry, hash64, httpPort, ...platform });
    await registerServiceFiles(config, registry, logger);
    observe(metrics, registry);
    return { httpPort, dnsPort, stop };
  } catch (error) {
    await stop();
    if (signal.aborted) return undefined;
    throw error;
  }
}

function createStore(config: Config, logger: Logger): Store {
  const { redisUrl, redisNamespace, historyLength, dataDir } = config;
  return redisUrl === undefined
    ? createEmbeddedStore({ directory: dataDir, historyLength, logger })
    : createRedisStore({ url: redisUrl, namespace: redisNamespace, historyLength, logger });
}

interface HttpDeps {
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly shutdown: AbortSignal;
  readonly isServing: () => boolean;
}

function createHttp(
  config: Config,
  registry: Registry,
  { metrics, logger, shutdown, isServing }: HttpDeps,
): HttpServer {
  const platform = { clock: systemClock, random: systemRandom };
  const dialects: Dialect[] = [
    createConsulDialect(registry, {
      ...platform,
      kvMaxValueBytes: config.kvMaxValueBytes,
      checkDeregisterMinMs: config.checkDeregisterMinMs,
      checkIntervalMinMs: config.checkIntervalMinMs,
    }),
    createEurekaDialect(registry, platform),
    createNativeDialect(registry),
  ];
  const app = createApp({
    edge: createEdge({ dialects, clock: systemClock, logger, shutdown, onAnswered: metrics.httpAnswered }),
    openapiDirectory: new URL('../openapi/', import.meta.url),
    openapiNames: OPENAPI_NAMES,
    isReady: isServing,
    metrics: () => metrics.page(),
  });
  return new HttpServer(app, {
    host: config.bind,
    port: config.httpPort,
    maxConnectionsPerClient: config.httpMaxConnsPerClient,
  });
}

/** Opens the store, for ever where it is a Redis that may come yet. */
async function openStore(store: Store, logger: Logger, signal: AbortSignal): Promise<void> {
  for (;;) {
    try {
      await store.open();
      return;
    } catch (error) {
      if (signal.aborted || store.kind === 'embedded' || !(error instanceof StoreError)) throw error;
      logger.warn({ err: error }, 'the store cannot be opened; trying again');
      await pause(OPEN_RETRY_MS);
    }
  }
}

async function untilReady(view: View, signal: AbortSignal): Promise<void> {
  while (!view.ready) {
    signal.throwIfAborted();
    await pause(READY_POLL_MS);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function observe(metrics: Metrics, registry: Registry): void {
  const status = () => registry.status();
  metrics.observe({
    rollcall_revision: { help: 'Revision of the last commit this node has.', value: () => status().revision },
    rollcall_view_age_seconds: {
      help: 'Time since the store confirmed this view.',
      value: () => status().ageMs / 1000,
    },
    rollcall_store_available: {
      help: '1 while the store answers.',
      value: () => Number(status().storeAvailable),
    },
    rollcall_lost_revisions_total: {
      help: 'Acknowledged revisions the store has lost.',
      value: () => status().lostRevisions,
    },
    rollcall_waiters: { help: 'Open blocking reads.', value: () => status().waiters },
    rollcall_instances: { help: 'Registered instances.', value: () => registry.state.instances.size },
  });
}
