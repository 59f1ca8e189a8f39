import { createRequire } from 'node:module';

interface EurekaClient {
  start(done: (error: Error | null) => void): void;
  stop(done: (error: Error | null) => void): void;
  getInstancesByAppId(app: string): readonly { readonly instanceId: string }[];
}

const { Eureka } = createRequire(import.meta.url)('eureka-js-client') as {
  Eureka: new (config: object) => EurekaClient;
};

export interface EurekaRegistration {
  readonly app: string;
  readonly host: string;
  readonly ip: string;
  readonly port: number;
}

export interface RegisteredClient {
  readonly client: EurekaClient;
  /** Deregisters. */
  stop(): Promise<void>;
}

/** Registers an instance `host:app` by the real eureka-js-client, as a service would. */
export async function registerWithEureka(
  httpPort: number,
  { app, host, ip, port }: EurekaRegistration,
  { useDelta = false }: { useDelta?: boolean } = {},
): Promise<RegisteredClient> {
  const quiet = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: () => undefined,
  };
  const client = new Eureka({
    instance: {
      instanceId: `${host}:${app}`,
      app,
      hostName: host,
      ipAddr: ip,
      port: { $: port, '@enabled': true },
      vipAddress: app,
      dataCenterInfo: { '@class': 'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo', name: 'MyOwn' },
    },
    eureka: {
      host: '127.0.0.1',
      port: httpPort,
      servicePath: '/eureka/apps/',
      heartbeatInterval: 1000,
      registryFetchInterval: 1000,
      maxRetries: 0,
    },
    shouldUseDelta: useDelta,
    logger: quiet,
  });
  await promised((done) => {
    client.start(done);
  });
  return {
    client,
    stop: () =>
      promised((done) => {
        client.stop(done);
      }),
  };
}

function promised(run: (done: (error: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    run((error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}
