import { setMaxListeners } from 'node:events';
import { backupPlanOf } from './backup-plan.ts';
import type { Config } from './config/index.ts';
import type { ProtectionPolicy } from './core/index.ts';
import { pureHashes } from './core/ring/index.ts';
import { DefinitionLoader, type ReadDefinitions } from './definitions.ts';
import { dnsOptionsOf } from './dns-options.ts';
import { startEurekaPeers } from './eureka-peers.ts';
import { observeAdmission, observeRegistry } from './gauges.ts';
import { Admission, createApp, Edge, HttpServer, type Dialect } from './http/index.ts';
import { identityOf } from './identity.ts';
import { systemClock } from './platform/clock.ts';
import { LogTap } from './platform/log-tap.ts';
import { createLogger, type Logger } from './platform/logger.ts';
import { createMetrics, type Metrics } from './platform/metrics.ts';
import { systemRandom } from './platform/random.ts';
import { createConsulDialect, SERVER_NODE_META } from './protocols/consul/index.ts';
import { createDnsCatalog, createDnsServer, type DnsServer } from './protocols/dns/index.ts';
import { createEurekaDialect, type EurekaDialect } from './protocols/eureka/index.ts';
import { createNativeDialect } from './protocols/native/index.ts';
import { redisOptionsOf } from './redis-options.ts';
import { Registry } from './registry/index.ts';
import { startRuntime, type Runtime, type RuntimeDeps } from './runtime/index.ts';
import { createEmbeddedStore } from './store/embedded/index.ts';
import { createRedisStore } from './store/redis/index.ts';
import { StoreError, type Store } from './store/store.ts';
import { Follower } from './view/follower.ts';
import { View } from './view/view.ts';

/** A started registry node. */
export interface RunningServer {
  readonly httpPort: number;
  /** Undefined where DNS is off. */
  readonly dnsPort: number | undefined;
  /** Reads the service definitions again. Rejects, and changes nothing, where they cannot be read. */
  reload(): Promise<void>;
  /** Resolves when everything is closed, within ten seconds. */
  stop(): Promise<void>;
}

/** What a node is started with besides its settings. */
export interface StartOptions {
  /** Default: the files of `serviceDir`. */
  readonly readDefinitions?: ReadDefinitions;
  /** Whether to take no connections before they can be served, as others behind the port can; default false. */
  readonly listenWhenReady?: boolean;
  /** Labels of every metric; default: none. */
  readonly metricLabels?: Readonly<Record<string, string>>;
  /** Keys of a foreign configuration that do nothing here, to be named in the log. */
  readonly leftAside?: readonly string[];
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
  options: StartOptions = {},
): Promise<RunningServer | undefined> {
  const backup = backupPlanOf(config);
  const logs = new LogTap();
  const logger = createLogger(config.logLevel, logs);
  logLeftAside(logger, options);
  const metrics = createMetrics(options.metricLabels);
  const shutdown = new AbortController();
  // Every blocked read and every watcher listens to it.
  setMaxListeners(0, shutdown.signal);
  const store = createStore(config, logger);
  const view = new View(systemClock);
  const platform = { clock: systemClock, random: systemRandom, logger };
  const follower = new Follower({ store, view, ...platform });
  const hashes = pureHashes;
  const registry = createRegistry(config, version, { store, view, follower, hashes, ...platform });
  const state: ServerState = { stopping: false, httpPort: 0, background: undefined };
  const eureka = createEureka(config, registry, metrics, state);
  const definitions = new DefinitionLoader({ config, registry, logger, read: options.readDefinitions });
  const http = createHttp(config, registry, {
    eureka,
    reload: () => definitions.reload(),
    metrics,
    logs,
    logger,
    shutdown: shutdown.signal,
    isServing: () => registry.ready && !state.stopping,
  });
  const dns = createDns(config, registry, metrics, logger);
  const stop = async () => {
    state.stopping = true;
    shutdown.abort();
    await Promise.all([http.close(), dns.stop(), state.background?.stop()]);
    await registry.flush();
    await follower.stop();
    await store.close();
  };
  try {
    const listen = () => Promise.all([http.listen(), config.dnsEnabled ? dns.start() : undefined]);
    const early = options.listenWhenReady === true ? undefined : await listen();
    await openStore(store, logger, signal);
    follower.start();
    await untilReady(view, signal);
    const [httpPort, dnsPort] = early ?? (await listen());
    state.httpPort = httpPort;
    const { xxh64: hash64 } = hashes;
    const deps = { registry, hash64, httpPort, eureka, backup, ...platform };
    state.background = await startBackground(config, deps);
    await definitions.begin(signal);
    observeRegistry(metrics, registry);
    return { httpPort, dnsPort, stop, reload: () => definitions.reload() };
  } catch (error) {
    await stop();
    if (signal.aborted) return undefined;
    throw error;
  }
}

function logLeftAside(logger: Logger, { leftAside = [] }: StartOptions): void {
  if (leftAside.length > 0) logger.warn({ leftAside }, 'these keys of the configuration do nothing here');
}

interface RegistryDeps extends Omit<
  ConstructorParameters<typeof Registry>[0],
  'identity' | 'outputIntervalMs' | 'protection' | 'onEpochChanged'
> {
  readonly follower: Follower;
}

function createRegistry(config: Config, version: string, { follower, ...deps }: RegistryDeps): Registry {
  return new Registry({
    ...deps,
    identity: identityOf(config, version),
    outputIntervalMs: config.checkUpdateIntervalMs,
    protection: protectionOf(config),
    onEpochChanged: () => {
      follower.restart();
    },
  });
}

function protectionOf(config: Config): ProtectionPolicy {
  return {
    enabled: config.protection,
    budgetPercent: config.evictionBudgetPercent,
    budgetMin: config.evictionBudgetMin,
    windowMs: config.evictionWindowMs,
    maxMs: config.protectionMaxMs,
    probes: config.protectionProbes,
  };
}

function createStore(config: Config, logger: Logger): Store {
  const { redisUrl, historyLength, dataDir } = config;
  return redisUrl === undefined
    ? createEmbeddedStore({ directory: dataDir, historyLength, logger })
    : createRedisStore(redisOptionsOf(config, redisUrl, logger));
}

/** What comes to be while a node starts. */
interface ServerState {
  stopping: boolean;
  httpPort: number;
  background: Background | undefined;
}

/** What a node does besides answering. */
type Background = Pick<Runtime, 'stop'>;

async function startBackground(
  config: Config,
  { eureka, ...deps }: RuntimeDeps & { readonly eureka: EurekaDialect },
): Promise<Background> {
  const { enableScriptChecks: scriptChecks } = config;
  const runtime = await startRuntime({ ...deps, scriptChecks, nodeMeta: SERVER_NODE_META });
  const leads = () => runtime.leads();
  const peers = startEurekaPeers({ ...deps, senders: eureka.peerSenders, leads });
  return {
    stop: async () => {
      await Promise.all([peers.stop(), runtime.stop()]);
    },
  };
}

function createEureka(
  config: Config,
  registry: Registry,
  metrics: Metrics,
  state: Pick<ServerState, 'httpPort'>,
): EurekaDialect {
  return createEurekaDialect(registry, {
    clock: systemClock,
    doubleLease: config.eurekaDoubleLease,
    replicateTo: config.eurekaReplicateTo,
    onReplicated: metrics.eurekaReplicated,
    httpPort: () => state.httpPort,
  });
}

interface HttpDeps {
  readonly eureka: EurekaDialect;
  readonly reload: () => Promise<void>;
  readonly metrics: Metrics;
  readonly logs: LogTap;
  readonly logger: Logger;
  readonly shutdown: AbortSignal;
  readonly isServing: () => boolean;
}

function createHttp(
  config: Config,
  registry: Registry,
  { eureka, reload, metrics, logs, logger, shutdown, isServing }: HttpDeps,
): HttpServer {
  const platform = { clock: systemClock, random: systemRandom };
  const dialects: Dialect[] = [
    createConsulDialect(registry, {
      ...platform,
      metrics,
      logs,
      reload,
      kvMaxValueBytes: config.kvMaxValueBytes,
      checkDeregisterMinMs: config.checkDeregisterMinMs,
      checkIntervalMinMs: config.checkIntervalMinMs,
      enableScriptChecks: config.enableScriptChecks,
    }),
    eureka,
    createNativeDialect(registry),
  ];
  const admission = new Admission({ ...platform, ratePerSecond: config.registrationRate });
  observeAdmission(metrics, admission);
  const edge = new Edge({
    dialects,
    clock: systemClock,
    logger,
    shutdown,
    onAnswered: metrics.httpAnswered,
    admission,
  });
  const app = createApp({
    edge,
    openapiDirectory: new URL('../openapi/', import.meta.url),
    openapiNames: OPENAPI_NAMES,
    isReady: isServing,
    metrics: () => metrics.page(),
  });
  return new HttpServer(app, {
    answer: (request, response) => edge.answer(request, response),
    host: config.bind,
    port: config.httpPort,
    maxConnectionsPerClient: config.httpMaxConnsPerClient,
    hosts: config.httpHosts,
  });
}

function createDns(config: Config, registry: Registry, metrics: Metrics, logger: Logger): DnsServer {
  const options = { ...dnsOptionsOf(config), ...metrics.dns };
  return createDnsServer(options, createDnsCatalog(registry, systemClock), logger);
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
