import type { Exchange, Expected } from './exchange.ts';

const MISS = { 'X-Cache': 'MISS' };
const HIT = { 'X-Cache': 'HIT', Age: '0' };

function refused(body: string, status = 400): Expected {
  return { status, body, headers: { 'Content-Type': 'text/plain; charset=utf-8' } };
}

const get = (path: string, answer: Expected, headers: Readonly<Record<string, string>> = {}): Exchange => ({
  send: `GET /v1/${path}`,
  headers,
  answer,
});
const leader = (headers: Readonly<Record<string, string>>): Expected => ({
  status: 200,
  headers,
  meta: 'leader',
});

/** Exchanges about how reads are answered, by what they are about. */
export const readExchanges: Readonly<Record<string, readonly Exchange[]>> = {
  'reads: cached': [
    ...[
      'health/service/rc',
      'catalog/service/rc',
      'catalog/services',
      'health/connect/rc',
      'catalog/connect/rc',
    ].flatMap((path) => [
      get(`${path}?cached`, leader(MISS)),
      get(`${path}?cached`, leader(HIT)),
      get(`${path}?cached&stale`, { status: 200, headers: HIT, meta: 'stale' }),
    ]),
    get('health/service/rc?cached&tag=x', leader(MISS)),
    { ...get('health/service/rc?cached&passing', leader(MISS)), consul187: { headers: HIT } },
    get('health/service/rc?cached&wait=1s', leader(HIT)),
    get('health/service/rc?cached', leader(HIT), { 'Cache-Control': 'must-revalidate' }),
    get('health/service/rc?cached', leader(HIT), { 'Cache-Control': 'max-age=60, stale-if-error=3' }),
    get('health/service/rc?cached', leader(HIT), { 'Cache-Control': 'foo=1' }),
    get('catalog/datacenters?cached', { status: 200, headers: MISS }),
    get('catalog/datacenters?cached', { status: 200, headers: HIT }),
    get('catalog/nodes?cached', leader({})),
    get('health/service/rc?cached', refused('Invalid Cache-Control header.'), {
      'Cache-Control': 'max-age=x',
    }),
    get('health/service/rc', refused('Invalid Cache-Control header.'), { 'Cache-Control': 'max-age=x' }),
    get(
      'health/service/rc?cached&consistent',
      refused('Cannot specify ?cached with ?consistent, conflicting semantics.'),
    ),
  ],
  'reads: consistency': [
    get('catalog/nodes?max_stale=5s', { status: 200, meta: 'stale' }),
    get('catalog/nodes?max_stale=-5s', { status: 200, meta: 'leader' }),
    get('catalog/nodes?max_stale=0s&consistent', { status: 200, meta: 'consistent' }),
    get(
      'catalog/nodes?max_stale=5s&consistent',
      refused('Cannot specify ?stale with ?consistent, conflicting semantics.'),
    ),
    get('catalog/nodes?max_stale=q&index=x&wait=w', refused('Invalid max_stale value "q"')),
    get('catalog/nodes?index=x&wait=w', refused('Invalid wait time')),
    get('catalog/nodes?index=x', refused('Invalid index')),
    get('catalog/nodes?leader', { status: 200, meta: 'leader' }),
  ],
  'reads: order of refusals': [
    get('health/service/?dc=w&max_stale=q', refused('Invalid max_stale value "q"')),
    get('health/service/?dc=w', refused('Missing service name')),
    get('health/service/x?dc=w', { status: 500, body: 'No path to datacenter', meta: 'refused' }),
    get('kv/x?dc=w', refused('No path to datacenter', 500)),
    get('kv/?dc=w', refused('Missing key name')),
  ],
  'reads: mesh lookups': [
    get('health/ingress/x', { status: 200, body: '[]', meta: 'leader' }),
    get('catalog/gateway-services/x', { status: 200, meta: 'leader' }),
    get('health/ingress/', refused('Missing service name')),
    get('catalog/gateway-services/', refused('Missing gateway name')),
    get('catalog/connect/', refused('Missing service name')),
    get('health/connect/', refused('Missing service name')),
    {
      send: 'PUT /v1/catalog/register',
      body: { Node: 'm1', Address: '10.9.1.1', Service: { Service: 'meshed', Connect: { Native: true } } },
      answer: { status: 200, body: 'true' },
    },
    {
      send: 'PUT /v1/catalog/register',
      body: {
        Node: 'm1',
        Address: '10.9.1.1',
        Service: {
          Kind: 'connect-proxy',
          Service: 'sidecar',
          Port: 5,
          Proxy: { DestinationServiceName: 'Fronted' },
        },
      },
      answer: { status: 200, body: 'true' },
    },
    get('health/connect/Meshed?filter=Service.Service==meshed&cached', leader(MISS)),
    get('catalog/connect/meshed?filter=ServiceName!=meshed', { status: 200, body: '[]', meta: 'leader' }),
    get('catalog/connect/fronted?filter=ServiceName!=sidecar', { status: 200, body: '[]', meta: 'leader' }),
  ],
};
