import type { BenchRequest } from './http-request.ts';

const DEFINITION = {
  Address: '10.0.0.1',
  Port: 8080,
  Tags: ['primary', 'v1'],
  Meta: { version: '1.4.2' },
  Check: { TTL: '1h', Status: 'passing' },
};

/** Registers an instance of the service `web`. */
export const WEB_INSTANCE: BenchRequest = {
  method: 'PUT',
  path: '/v1/agent/service/register',
  body: JSON.stringify({ ID: 'web-{n}', Name: 'web', ...DEFINITION }),
};

/** Registers a new instance of one of 1,000 services. */
export const REGISTRATION: BenchRequest = {
  ...WEB_INSTANCE,
  body: JSON.stringify({ ID: 'new-{n}', Name: 'new-{k}', ...DEFINITION }),
  keys: 1000,
};

/** Registers an instance of `CART` through Eureka. */
export const EUREKA_INSTANCE = eurekaRegistration('CART', 'cart');

/** Registers a new instance of one of 1,000 applications through Eureka. */
export const EUREKA_REGISTRATION: BenchRequest = { ...eurekaRegistration('NEW-{k}', 'new'), keys: 1000 };

/** The passing instances of `web`. */
export const HEALTH_LOOKUP: BenchRequest = { method: 'GET', path: '/v1/health/service/web?passing' };

/** The application `CART`. */
export const EUREKA_LOOKUP: BenchRequest = {
  method: 'GET',
  path: '/eureka/apps/CART',
  headers: { Accept: 'application/json' },
};

const KEY = '/v1/kv/bench/value';

/** One key of 512 bytes. */
export const KEY_PUT: BenchRequest = { method: 'PUT', path: KEY, body: 'v'.repeat(512) };
export const KEY_LOOKUP: BenchRequest = { method: 'GET', path: `${KEY}?raw` };

/** Writes 512 bytes to one of 10,000 keys. */
export const KEYS_PUT: BenchRequest = {
  method: 'PUT',
  path: '/v1/kv/bench/{k}',
  body: `{n}${'v'.repeat(503)}`,
  keys: 10_000,
};

/** Instances that send heartbeats. */
export const BEATING_INSTANCES = 1000;
export const BEATING: BenchRequest = {
  method: 'PUT',
  path: '/v1/agent/service/register',
  body: JSON.stringify({ ID: 'beat-{n}', Name: 'beat', Port: 8080, Check: { TTL: '1h', Status: 'passing' } }),
};
export const HEARTBEAT: BenchRequest = {
  method: 'PUT',
  path: '/v1/agent/check/pass/service:beat-{k}',
  keys: BEATING_INSTANCES,
};
export const EUREKA_BEATING = eurekaRegistration('BEAT', 'beat');
export const EUREKA_HEARTBEAT: BenchRequest = {
  method: 'PUT',
  path: '/eureka/apps/BEAT/beat-{k}',
  keys: BEATING_INSTANCES,
};

/** Registers an instance of a large catalog, ten to a service; it lives for that long without a heartbeat. */
export function largeCatalogInstance(instances: number, ttlSeconds: number): BenchRequest {
  const definition = { ...DEFINITION, Check: { TTL: `${ttlSeconds}s`, Status: 'passing' } };
  return {
    method: 'PUT',
    path: '/v1/agent/service/register',
    body: JSON.stringify({ ID: 'inst-{n}', Name: 'svc-{k}', ...definition }),
    keys: Math.ceil(instances / 10),
  };
}

function eurekaRegistration(app: string, id: string): BenchRequest {
  const instance = {
    instanceId: `${id}-{n}`,
    hostName: `${id}-{n}.example.org`,
    app,
    ipAddr: '10.0.0.1',
    vipAddress: id,
    status: 'UP',
    port: { $: 8080, '@enabled': 'true' },
    dataCenterInfo: { '@class': 'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo', name: 'MyOwn' },
    leaseInfo: { renewalIntervalInSecs: 30, durationInSecs: 3600 },
  };
  const headers = { 'Content-Type': 'application/json' };
  return { method: 'POST', path: `/eureka/apps/${app}`, headers, body: JSON.stringify({ instance }) };
}
