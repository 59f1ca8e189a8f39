import type { Endpoint } from './address.ts';
import type { Sender } from './connection.ts';
import type { Sighting } from './locator.ts';
import { toArray, toText } from './reply.ts';

/** Asks one sentinel about the primary it calls `master`. */
export async function askSentinel(sentinel: Sender, master: string): Promise<Sighting> {
  const [address, state, replicas] = await Promise.all([
    // Unlike the state, it names the new primary as soon as that has been promoted.
    sentinel.send('SENTINEL', ['GET-MASTER-ADDR-BY-NAME', master]),
    sentinel.send('SENTINEL', ['MASTER', master]),
    sentinel.send('SENTINEL', ['REPLICAS', master]),
  ]);
  const [host, port] = toArray(address).map(toText);
  return {
    primary: { host: host ?? '', port: Number(port) },
    epoch: Number(toFields(state).get('config-epoch')),
    replicas: toArray(replicas).map((reply) => {
      const fields = toFields(reply);
      return { endpoint: endpointOf(fields), alive: !/_down|disconnected/.test(fields.get('flags') ?? '') };
    }),
  };
}

/** Has the sentinels make a replica the primary, whether or not the primary is well. Throws their refusal. */
export async function startSentinelFailover(sentinels: readonly Sender[], master: string): Promise<void> {
  let refusal: unknown = new Error('no sentinel answers');
  for (const sentinel of sentinels) {
    try {
      await sentinel.send('SENTINEL', ['FAILOVER', master]);
      return;
    } catch (error) {
      refusal = error;
    }
  }
  throw refusal;
}

function endpointOf(fields: ReadonlyMap<string, string>): Endpoint {
  return { host: fields.get('ip') ?? '', port: Number(fields.get('port')) };
}

function toFields(reply: unknown): Map<string, string> {
  const flat = toArray(reply).map(toText);
  return new Map(flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1] ?? ''] as const] : [])));
}
