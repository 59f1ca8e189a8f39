import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../platform/clock.ts';
import { StoreError, type FailoverReport } from '../store.ts';
import { endpointLabel, type Endpoint, type RedisAddress } from './address.ts';
import type { CommandConnection } from './command-connection.ts';
import type { RedisLink } from './link.ts';
import { toFields } from './profile.ts';
import { toText } from './reply.ts';
import { startSentinelFailover } from './sentinel.ts';

const CONNECT_MS = 2000;
const EQUAL_WITHIN_MS = 2000;
const SWITCH_WITHIN_MS = 15_000;
const PAUSE_MS = 3000;
const RENEW_PAUSE_MS = 1000;
/** How long a cluster tries by itself, and a little more. */
const CLUSTER_TRIES_MS = 5200;
/** Ten seconds pass until sentinels correct a server that has the wrong role. */
const DEMOTED_WITHIN_MS = 20_000;
const DEMOTION_POLL_MS = 100;
const POLL_MS = 20;

/**
 * Makes a replica the primary without losing a write that was acknowledged.
 *
 * Sentinels promote a replica while the old primary goes on for about a second, and what that
 * acknowledges meanwhile is lost; so its writes are paused first, and the replicas are given time to have
 * everything. A Redis Cluster does both by itself. Rejects with `unavailable` where it cannot be
 * done; then writes go on at the old primary.
 */
export async function failOver(link: RedisLink, address: RedisAddress): Promise<FailoverReport> {
  const { place } = link;
  if (address.topology === 'single') throw refused('a single Redis has nobody who could take over');
  if (place === undefined) throw refused('the primary is not known yet');
  if (place.replicas.length === 0) throw refused('no replica is alive');
  const opened: CommandConnection[] = [];
  const connect = async (endpoint: Endpoint): Promise<CommandConnection> => {
    const connection = link.connectTo(endpoint);
    opened.push(connection);
    await connection.ready(CONNECT_MS);
    return connection;
  };
  try {
    const replicas = await Promise.all(place.replicas.map(connect));
    await Promise.all(replicas.map(assertLinked));
    const startedAt = systemClock.monotonic();
    let switchedAt: number;
    if (address.topology === 'sentinel') {
      const old = { endpoint: place.primary, connection: await connect(place.primary) };
      switchedAt = await pausedFailover(link, old, replicas, address.master);
    } else {
      // It pauses the primary, waits for equal offsets, and only then takes over.
      const ask = async (): Promise<unknown> => replicas[0]?.send('CLUSTER', ['FAILOVER']);
      await ask();
      switchedAt = await untilSwitched(link, place.primary, { everyMs: CLUSTER_TRIES_MS, again: ask });
    }
    return {
      from: endpointLabel(place.primary),
      to: endpointLabel(link.place?.primary ?? place.primary),
      withoutWritesMs: Math.round(switchedAt - startedAt),
    };
  } finally {
    await Promise.all(opened.map((connection) => connection.close()));
  }
}

async function pausedFailover(
  link: RedisLink,
  { endpoint, connection }: { readonly endpoint: Endpoint; readonly connection: CommandConnection },
  replicas: readonly CommandConnection[],
  master: string,
): Promise<number> {
  const pause = (): Promise<unknown> => connection.send('CLIENT', ['PAUSE', PAUSE_MS, 'WRITE']);
  await pause();
  try {
    await untilEqual(connection, replicas);
    await startSentinelFailover(link.witnesses, master);
    const switchedAt = await untilSwitched(link, endpoint, { everyMs: RENEW_PAUSE_MS, again: pause });
    await untilDemoted(connection, pause);
    return switchedAt;
  } finally {
    // By now it is a replica, whose answer to writes is a refusal; or everything stays as it was.
    await connection.send('CLIENT', ['UNPAUSE']).catch(() => undefined);
  }
}

/**
 * Keeps writes away from the old primary until the sentinels have made it a replica, which takes them some
 * seconds: whatever waits there would be applied, acknowledged and lost.
 */
async function untilDemoted(old: CommandConnection, pause: () => Promise<unknown>): Promise<void> {
  const deadline = systemClock.monotonic() + DEMOTED_WITHIN_MS;
  while (systemClock.monotonic() < deadline) {
    const fields = await replication(old).catch(() => undefined);
    if (fields?.get('role') === 'slave') return;
    await pause().catch(() => undefined);
    await delay(DEMOTION_POLL_MS);
  }
}

/** A replica that copies nothing could be promoted all the same. */
async function assertLinked(replica: CommandConnection): Promise<void> {
  const fields = await replication(replica);
  if (fields.get('master_link_status') !== 'up') throw refused('a replica is not in touch with the primary');
}

async function untilEqual(primary: CommandConnection, replicas: readonly CommandConnection[]): Promise<void> {
  const deadline = systemClock.monotonic() + EQUAL_WITHIN_MS;
  for (;;) {
    const written = (await replication(primary)).get('master_repl_offset');
    const copied = await Promise.all(replicas.map(replication));
    if (copied.every((fields) => fields.get('slave_repl_offset') === written)) return;
    if (systemClock.monotonic() > deadline) throw refused('a replica does not catch up');
    await delay(POLL_MS);
  }
}

async function untilSwitched(
  link: RedisLink,
  from: Endpoint,
  { everyMs, again }: { readonly everyMs: number; readonly again: () => Promise<unknown> },
): Promise<number> {
  const startedAt = systemClock.monotonic();
  let askedAt = startedAt;
  const old = endpointLabel(from);
  for (;;) {
    const now = systemClock.monotonic();
    const primary = link.place?.primary;
    if (primary !== undefined && endpointLabel(primary) !== old) return now;
    if (now - startedAt > SWITCH_WITHIN_MS) throw refused('nobody has taken over in time');
    if (now - askedAt > everyMs) {
      askedAt = now;
      // Refused by a server that is what it is to become already.
      await again().catch(() => undefined);
    }
    link.look();
    await delay(POLL_MS);
  }
}

async function replication(connection: CommandConnection): Promise<Map<string, string>> {
  return toFields(toText(await connection.send('INFO', ['replication'])));
}

function refused(reason: string): StoreError {
  return new StoreError('unavailable', `no failover: ${reason}`);
}
