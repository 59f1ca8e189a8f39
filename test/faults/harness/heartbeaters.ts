import { eventually } from '../../support/eventually.ts';
import { act, type Actor } from './actor.ts';
import { FaultClient } from './client.ts';
import { monotonicMs, type History } from './history.ts';
import type { RegistryNode } from './registry-node.ts';

export const BEAT_SERVICE = 'beat';
export const BEAT_TTL_MS = 5000;
const INTERVAL_MS = 1000;
const LOOKUP_TIMEOUT_MS = 10_000;

/** Registers an instance and heartbeats it five times per TTL, as a careful client does: on any node that answers. */
export class BeatingInstance {
  readonly id: string;
  readonly #client: FaultClient;
  readonly #history: History;
  readonly #attempts: number;
  #beating: Actor | undefined;

  constructor(number: number, nodes: readonly RegistryNode[], history: History) {
    this.id = `beat-${String(number)}`;
    this.#client = new FaultClient(this.id, nodes, number);
    this.#history = history;
    this.#attempts = nodes.length;
  }

  async start(): Promise<void> {
    await eventually(() => this.#register(), `the registration of ${this.id}`);
    this.#history.heartbeaters.set(this.id, { id: this.id, sinceMs: monotonicMs() });
    this.#beating = act(INTERVAL_MS, () => this.#beat());
  }

  /** It dies without a word. */
  async fallSilent(): Promise<void> {
    await this.#beating?.stop();
    this.#beating = undefined;
    const known = this.#history.heartbeaters.get(this.id);
    if (known !== undefined && known.silentSinceMs === undefined)
      this.#history.heartbeaters.set(this.id, { ...known, silentSinceMs: monotonicMs() });
  }

  async stop(): Promise<void> {
    await this.#beating?.stop();
    this.#client.close();
  }

  async #beat(): Promise<void> {
    for (let attempt = 0; attempt < this.#attempts; attempt++) {
      const reply = await this.#client.send(
        'PUT',
        `/v1/agent/check/pass/service:${this.id}`,
        undefined,
        1500,
      );
      const { status, startMs, endMs } = reply;
      if (status === 200) {
        this.#history.beats(this.id).push({ node: reply.node.name, startMs, endMs });
        return;
      }
      if (status === 404) {
        this.#history.forgotten.push(this.id);
        await this.#register();
      }
    }
  }

  async #register(): Promise<boolean> {
    const body = JSON.stringify({
      Name: BEAT_SERVICE,
      ID: this.id,
      Address: '10.1.0.1',
      Port: 80,
      Check: { TTL: `${String(BEAT_TTL_MS / 1000)}s`, Status: 'passing' },
    });
    const { status } = await this.#client.send('PUT', '/v1/agent/service/register', body);
    return status === 200;
  }
}

/** Asks every node in turn who is healthy; a node that the test keeps from answering is left out. */
export function lister(
  number: number,
  nodes: readonly RegistryNode[],
  history: History,
  pauseMs: number,
): Actor {
  const client = new FaultClient(`lister-${String(number)}`, nodes, number);
  let last = new Set<string>();
  return act(
    pauseMs,
    async () => {
      client.turn();
      const { node } = client;
      const reply = await client.sendTo(
        node,
        'GET',
        `/v1/health/service/${BEAT_SERVICE}?passing`,
        undefined,
        LOOKUP_TIMEOUT_MS,
      );
      const { startMs, endMs, status } = reply;
      // A process that ends or thaws needs a moment around it.
      if (node.wasDown({ fromMs: startMs - 50, toMs: endMs + 1000 })) return;
      history.exchanges.push({ what: 'lookup', status, ms: endMs - startMs });
      if (status !== 200) return;
      const ids = (JSON.parse(reply.text) as { Service: { ID: string } }[]).map(({ Service }) => Service.ID);
      // One set for many listings alike: a long run has hundreds of thousands.
      if (ids.length !== last.size || !ids.every((id) => last.has(id))) last = new Set(ids);
      history.listings.push({ node: node.name, startMs, endMs, ids: last });
    },
    client,
  );
}
