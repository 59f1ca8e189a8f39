import { act, type Actor } from './actor.ts';
import { FaultClient, indexOf } from './client.ts';
import type { History } from './history.ts';
import { monotonicMs } from './history.ts';
import type { RegistryNode } from './registry-node.ts';
import { kvOf } from './writers.ts';

const WAIT_S = 5;

/** Follows one key by blocking reads; goes on at another node with the index it has. */
export function watcher(
  number: number,
  key: string,
  nodes: readonly RegistryNode[],
  history: History,
): Actor {
  const client = new FaultClient(`watcher-${String(number)}`, nodes, number);
  let index = 0;
  return act(
    10,
    async () => {
      const query = `index=${String(index)}&wait=${String(WAIT_S)}s`;
      const reply = await client.send('GET', `/v1/kv/${key}?${query}`, undefined, 2000 * WAIT_S);
      if (reply.status !== 200 && reply.status !== 404) return;
      index = indexOf(reply);
      history.watched.push({ watcher: client.name, key, atMs: monotonicMs(), index, ...kvOf(reply) });
    },
    client,
  );
}
