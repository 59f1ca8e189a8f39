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
export const EUREKA_INSTANCE: BenchRequest = {
  method: 'POST',
  path: '/eureka/apps/CART',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({
    instance: {
      instanceId: 'cart-{n}',
      hostName: 'cart-{n}.example.org',
      app: 'CART',
      ipAddr: '10.0.0.1',
      vipAddress: 'cart',
      status: 'UP',
      port: { $: 8080, '@enabled': 'true' },
      dataCenterInfo: { '@class': 'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo', name: 'MyOwn' },
      leaseInfo: { renewalIntervalInSecs: 30, durationInSecs: 3600 },
    },
  }),
};
