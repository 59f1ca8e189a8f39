import {
  EUREKA_INSTANCE,
  EUREKA_LOOKUP,
  HEALTH_LOOKUP,
  KEY_LOOKUP,
  KEY_PUT,
  WEB_INSTANCE,
} from './catalog.ts';
import { peerRow, sendAll, type PeerRow } from './http-rows.ts';
import type { BenchRequest } from './http-request.ts';
import type { Row } from './measure.ts';
import { startConsul, startEtcd, startEureka, type Peer } from './peers.ts';
import { startRollcall, type Rollcall } from './programs.ts';
import type { Run } from './run.ts';

const INSTANCES = 10;
const VALUE = KEY_PUT.body ?? '';
const KEY = base64('bench/value');

const ETCD_PUT: BenchRequest = {
  method: 'POST',
  path: '/v3/kv/put',
  body: JSON.stringify({ key: KEY, value: base64(VALUE) }),
};
const ETCD_LOOKUP: BenchRequest = {
  method: 'POST',
  path: '/v3/kv/range',
  body: JSON.stringify({ key: KEY }),
};

/** Lookups on the embedded store against the servers that answer the same, as far as they can be had. */
export async function lookupPeerRows(run: Run): Promise<Row[]> {
  const rollcall = await startRollcall(run);
  await sendAll(rollcall.httpPort, INSTANCES, WEB_INSTANCE);
  await sendAll(rollcall.httpPort, INSTANCES, EUREKA_INSTANCE);
  await sendAll(rollcall.httpPort, 1, KEY_PUT);
  const rows = [
    ...(await against(startConsul(run), (peer) => consulRows(run, rollcall, peer))),
    ...(await against(startEureka(run), (peer) => eurekaRows(run, rollcall, peer))),
    ...(await against(startEtcd(run), (peer) => etcdRows(run, rollcall, peer))),
  ];
  await rollcall.stop();
  return rows;
}

/** The rows against a peer, which is stopped afterwards; none where it cannot be had or does not start. */
export async function against(
  starting: Promise<Peer | undefined>,
  rowsOf: (peer: Peer) => Promise<Row[]>,
): Promise<Row[]> {
  const peer = await starting.catch((error: unknown) => {
    console.error(`left out: ${String(error)}`);
    return undefined;
  });
  try {
    return peer === undefined ? [] : await rowsOf(peer);
  } finally {
    peer?.stop();
  }
}

async function consulRows(run: Run, rollcall: Rollcall, consul: Peer): Promise<Row[]> {
  await sendAll(consul.port, INSTANCES, WEB_INSTANCE);
  await sendAll(consul.port, 1, KEY_PUT);
  const health: PeerRow = {
    group: 'lookups',
    name: 'health/service/web?passing',
    bar: 'health-consul',
    request: HEALTH_LOOKUP,
    mentions: 'web-000000009',
  };
  return [await peerRow(run, rollcall, consul, health), await keyRow(run, rollcall, consul, KEY_LOOKUP)];
}

async function eurekaRows(run: Run, rollcall: Rollcall, eureka: Peer): Promise<Row[]> {
  await sendAll(eureka.port, INSTANCES, EUREKA_INSTANCE);
  const application: PeerRow = {
    group: 'lookups',
    name: 'eureka/apps/CART as JSON',
    bar: 'eureka-eureka',
    request: EUREKA_LOOKUP,
    mentions: 'cart-000000009',
  };
  return [await peerRow(run, rollcall, eureka, application)];
}

async function etcdRows(run: Run, rollcall: Rollcall, etcd: Peer): Promise<Row[]> {
  await sendAll(etcd.port, 1, ETCD_PUT);
  return [await keyRow(run, rollcall, etcd, ETCD_LOOKUP)];
}

async function keyRow(run: Run, rollcall: Rollcall, peer: Peer, peerRequest: BenchRequest): Promise<Row> {
  const bar = peerRequest === KEY_LOOKUP ? 'kv-consul' : undefined;
  const row = {
    group: 'lookups',
    name: 'kv/bench/value?raw',
    bar,
    request: KEY_LOOKUP,
    peerRequest,
  } as const;
  return peerRow(run, rollcall, peer, row);
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
