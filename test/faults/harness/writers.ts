import { act, type Actor } from './actor.ts';
import { FaultClient, outcomeOf, type Reply } from './client.ts';
import type { History } from './history.ts';
import type { RegistryNode } from './registry-node.ts';

/** Keys that all writers overwrite, and watchers wait for. */
export const SHARED_KEYS = ['shared/0', 'shared/1', 'shared/2', 'shared/3'];

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** Writes a key of its own and a shared one in one transaction, again and again. */
export function writer(
  number: number,
  nodes: readonly RegistryNode[],
  history: History,
  pauseMs: number,
): Actor {
  const client = new FaultClient(`writer-${String(number)}`, nodes, number);
  let count = 0;
  return act(
    pauseMs,
    async () => {
      const value = `${client.name}.${String(++count)}`;
      const own = `own/${client.name}/${String(count)}`;
      const shared = SHARED_KEYS[count % SHARED_KEYS.length] ?? '';
      const operations = [own, shared].map((Key) => ({ KV: { Verb: 'set', Key, Value: base64(value) } }));
      const reply = await client.send('PUT', '/v1/txn', JSON.stringify(operations));
      const outcome = outcomeOf(reply);
      const { startMs, endMs } = reply;
      if (!reply.node.wasDown({ fromMs: startMs, toMs: endMs }))
        history.exchanges.push({ what: 'write', status: reply.status, ms: endMs - startMs });
      const revision = outcome === 'ok' ? revisionOf(reply) : undefined;
      const made = {
        client: client.name,
        kind: 'write',
        key: shared,
        value,
        startMs,
        endMs,
        outcome,
      } as const;
      history.operations.push({ ...made, revision });
      if (outcome === 'ok') history.acknowledged.push({ key: own, value, atMs: endMs });
    },
    client,
  );
}

/** Reads shared keys consistently; what is refused says nothing. */
export function reader(
  number: number,
  nodes: readonly RegistryNode[],
  history: History,
  pauseMs: number,
): Actor {
  const client = new FaultClient(`reader-${String(number)}`, nodes, number);
  let count = number;
  return act(
    pauseMs,
    async () => {
      const key = SHARED_KEYS[++count % SHARED_KEYS.length] ?? '';
      const reply = await client.send('GET', `/v1/kv/${key}?consistent`);
      if (reply.status !== 200 && reply.status !== 404) return;
      const { startMs, endMs } = reply;
      const { value, revision } = kvOf(reply);
      history.operations.push({
        client: client.name,
        kind: 'read',
        key,
        value,
        startMs,
        endMs,
        outcome: 'ok',
        revision,
      });
    },
    client,
  );
}

/** What an answer shows of one key. */
export function kvOf(reply: Reply): { readonly value: string | undefined; readonly revision: number } {
  if (reply.status === 404) return { value: undefined, revision: 0 };
  const [pair] = JSON.parse(reply.text) as { Value: string | null; ModifyIndex: number }[];
  if (pair === undefined) return { value: undefined, revision: 0 };
  return { value: Buffer.from(pair.Value ?? '', 'base64').toString(), revision: pair.ModifyIndex };
}

function revisionOf(reply: Reply): number {
  const { Results } = JSON.parse(reply.text) as { Results: { KV: { ModifyIndex: number } }[] };
  return Results[0]?.KV.ModifyIndex ?? 0;
}
