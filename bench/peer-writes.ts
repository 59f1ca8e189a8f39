import type { BarId } from './bars.ts';
import {
  BEATING,
  BEATING_INSTANCES,
  EUREKA_BEATING,
  EUREKA_HEARTBEAT,
  EUREKA_REGISTRATION,
  HEARTBEAT,
  KEYS_PUT,
  REGISTRATION,
} from './catalog.ts';
import { peerRow, sendAll } from './http-rows.ts';
import type { BenchRequest } from './http-request.ts';
import type { Row } from './measure.ts';
import { against } from './peer-lookups.ts';
import { startConsul, startEtcd, startEureka, type Peer } from './peers.ts';
import { NO_ADMISSION, startRollcall } from './programs.ts';
import { withRedis } from './redis.ts';
import type { Run } from './run.ts';

interface Write {
  readonly name: string;
  readonly bar?: BarId;
  readonly request: BenchRequest;
  readonly peerRequest?: BenchRequest;
}

const HEARTBEATS: Write = {
  name: 'heartbeat: agent/check/pass/:id',
  bar: 'heartbeat-consul',
  request: HEARTBEAT,
};
const PUTS: Write = { name: 'kv put, 512 bytes', request: KEYS_PUT };

/** Registrations come last, for they make the catalog grow. */
const CONSUL_WRITES: readonly Write[] = [
  HEARTBEATS,
  { ...PUTS, bar: 'put-everysec-consul' },
  { name: 'new instance: agent/service/register', bar: 'register-consul', request: REGISTRATION },
];
const EUREKA_WRITES: readonly Write[] = [
  { name: 'heartbeat: eureka/apps/:app/:id', request: EUREKA_HEARTBEAT },
  { name: 'new instance: eureka/apps/:app', bar: 'register-eureka', request: EUREKA_REGISTRATION },
];

/** The digits are base64 as they are, which is what the gateway wants. */
const ETCD_PUT: BenchRequest = {
  method: 'POST',
  path: '/v3/kv/put',
  body: JSON.stringify({ key: 'key{k}', value: `AAA{n}${'A'.repeat(671)}=` }),
  keys: KEYS_PUT.keys ?? 1,
};
const ETCD_WRITES: readonly Write[] = [{ ...PUTS, peerRequest: ETCD_PUT }];

/** Writes on Redis against the servers that take the same, as far as they can be had. */
export async function writePeerRows(run: Run): Promise<Row[]> {
  const everysec = 'writes, Redis everysec';
  const always = 'writes, Redis always';
  return [
    ...(await rowsAgainst(run, everysec, startConsul, CONSUL_WRITES, [BEATING])),
    ...(await rowsAgainst(run, everysec, startEureka, EUREKA_WRITES, [EUREKA_BEATING])),
    ...(await rowsAgainst(run, always, startConsul, [{ ...PUTS, bar: 'put-always-consul' }], [])),
    ...(await rowsAgainst(run, always, startEtcd, ETCD_WRITES, [])),
  ];
}

/** Each peer meets a catalog that is as empty as its own. */
async function rowsAgainst(
  run: Run,
  group: 'writes, Redis everysec' | 'writes, Redis always',
  start: (run: Run) => Promise<Peer | undefined>,
  writes: readonly Write[],
  prepare: readonly BenchRequest[],
): Promise<Row[]> {
  return against(start(run), (started) =>
    withRedis(group === 'writes, Redis always' ? 'always' : 'everysec', async (redisUrl) => {
      const rollcall = await startRollcall(run, redisUrl, NO_ADMISSION);
      for (const request of prepare)
        for (const port of [rollcall.httpPort, started.port]) await sendAll(port, BEATING_INSTANCES, request);
      const rows: Row[] = [];
      for (const write of writes) rows.push(await peerRow(run, rollcall, started, { group, ...write }));
      await rollcall.stop();
      return rows;
    }),
  );
}
