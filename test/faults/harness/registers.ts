import { act, type Actor } from './actor.ts';
import { FaultClient, outcomeOf } from './client.ts';
import type { History } from './history.ts';
import type { RegistryNode } from './registry-node.ts';
import { kvOf } from './writers.ts';

/** So few per key that an order of all of them can be searched for. */
const TURNS_PER_KEY = 100;

/** Shared by the clients of one run: which register they work on. */
export class RegisterTurns {
  #turns = 0;

  next(): string {
    return `register/${String(Math.floor(this.#turns++ / TURNS_PER_KEY))}`;
  }
}

/** Reads a register consistently and replaces what it read by compare-and-set. */
export function registerClient(
  number: number,
  nodes: readonly RegistryNode[],
  history: History,
  turns: RegisterTurns,
): Actor {
  const client = new FaultClient(`register-${String(number)}`, nodes, number);
  let count = 0;
  return act(
    60,
    async () => {
      const key = turns.next();
      const reply = await client.send('GET', `/v1/kv/${key}?consistent`);
      if (reply.status !== 200 && reply.status !== 404) return;
      const { value: expected, revision } = kvOf(reply);
      const shared = { client: client.name, key } as const;
      const { startMs, endMs } = reply;
      history.operations.push({
        ...shared,
        kind: 'read',
        value: expected,
        startMs,
        endMs,
        outcome: 'ok',
        revision,
      });
      const value = `${client.name}.${String(++count)}`;
      const set = await client.send('PUT', `/v1/kv/${key}?cas=${String(revision)}`, value);
      const answered = outcomeOf(set);
      // A refusal of the registry is no answer to whether the compare held.
      if (answered === 'refused') return;
      const outcome = answered === 'ok' && set.text.trim() === 'false' ? 'refused' : answered;
      history.operations.push({
        ...shared,
        kind: 'cas',
        value,
        expected,
        startMs: set.startMs,
        endMs: set.endMs,
        outcome,
      });
    },
    client,
  );
}

export const COUNTER = 'counter';

/** Adds one to a shared counter by compare-and-set. */
export function adder(number: number, nodes: readonly RegistryNode[], history: History): Actor {
  const client = new FaultClient(`adder-${String(number)}`, nodes, number);
  return act(
    60,
    async () => {
      const reply = await client.send('GET', `/v1/kv/${COUNTER}?consistent`);
      if (reply.status !== 200 && reply.status !== 404) return;
      const { value = '0', revision } = kvOf(reply);
      const next = String(Number(value) + 1);
      const set = await client.send('PUT', `/v1/kv/${COUNTER}?cas=${String(revision)}`, next);
      const outcome = outcomeOf(set);
      if (outcome === 'unknown') history.counted.unknown++;
      if (outcome === 'ok' && set.text.trim() === 'true') history.counted.acknowledged++;
    },
    client,
  );
}
