import { eventually } from '../../support/eventually.ts';
import type { Actor } from './actor.ts';
import { FaultClient } from './client.ts';
import { BeatingInstance, lister } from './heartbeaters.ts';
import { History } from './history.ts';
import type { SeededRandom } from './random.ts';
import { adder, registerClient, RegisterTurns } from './registers.ts';
import type { RegistryNode } from './registry-node.ts';
import { watcher } from './watchers.ts';
import { kvOf, reader, SHARED_KEYS, writer } from './writers.ts';

const HEARTBEATERS = 20;
const WRITERS = 3;

export interface WorkloadOptions {
  readonly seed: number;
  /** Between the requests of one writer or reader, in ms; default 30. */
  readonly pauseMs?: number;
}

/** The clients of a run, all at once: writers, readers, registers, a counter, watchers, heartbeats and lookups. */
export class Workload {
  readonly history: History;
  readonly instances: BeatingInstance[];
  readonly #nodes: readonly RegistryNode[];
  readonly #pauseMs: number;
  #changing: Actor[] = [];
  #watching: Actor[] = [];
  #looking: Actor[] = [];

  constructor(nodes: readonly RegistryNode[], options: WorkloadOptions) {
    this.#nodes = nodes;
    this.#pauseMs = options.pauseMs ?? 30;
    this.history = new History(options.seed);
    this.instances = Array.from(
      { length: HEARTBEATERS },
      (_, number) => new BeatingInstance(number, nodes, this.history),
    );
  }

  async start(): Promise<void> {
    const nodes = this.#nodes;
    const { history } = this;
    await Promise.all(this.instances.map((instance) => instance.start()));
    const numbers = Array.from({ length: WRITERS }, (_, number) => number);
    const turns = new RegisterTurns();
    this.#changing = [
      ...numbers.map((number) => writer(number, nodes, history, this.#pauseMs)),
      ...numbers.map((number) => reader(number, nodes, history, this.#pauseMs)),
      ...numbers.map((number) => registerClient(number, nodes, history, turns)),
      ...numbers.slice(1).map((number) => adder(number, nodes, history)),
    ];
    this.#watching = SHARED_KEYS.flatMap((key, at) =>
      nodes.map((_, number) => watcher(at * nodes.length + number, key, nodes, history)),
    );
    this.#looking = [lister(0, nodes, history, 100), lister(1, nodes, history, 100)];
  }

  /** Has one instance die without a word, and another one begin. */
  async replaceInstance(random: SeededRandom): Promise<void> {
    await random.pick(this.instances).fallSilent();
    const next = new BeatingInstance(this.instances.length, this.#nodes, this.history);
    this.instances.push(next);
    await next.start();
  }

  /** Resolves once every node takes writes again, for at most `withinMs`. */
  async untilWritable(withinMs = 30_000): Promise<void> {
    const client = new FaultClient('prober', this.#nodes);
    try {
      for (const node of this.#nodes)
        await eventually(
          async () => (await client.sendTo(node, 'PUT', '/v1/kv/probe', 'x')).status === 200,
          `writes through ${node.name}`,
          withinMs,
        );
    } finally {
      client.close();
    }
  }

  /** Ends the changes, lets the watchers see the last of them, and then ends everything. */
  async stop(): Promise<void> {
    await Promise.all(this.#changing.splice(0).map((actor) => actor.stop()));
    const client = new FaultClient('settler', this.#nodes);
    const read = (key: string) =>
      eventually(async () => {
        const reply = await client.send('GET', `/v1/kv/${key}?consistent`);
        return (reply.status === 200 || reply.status === 404) && { key, ...kvOf(reply) };
      }, `a consistent read of ${key}`);
    const last = await Promise.all(SHARED_KEYS.map(read)).finally(() => client.close());
    const seen = () => {
      const newest = new Map<string, number>();
      for (const { watcher, revision } of this.history.watched) newest.set(watcher, revision);
      return this.history.watched
        .slice(-200)
        .every(({ watcher, key }) => newest.get(watcher) === last.find((one) => one.key === key)?.revision);
    };
    // Whoever has not seen it by then is found by the oracle.
    await eventually(seen, 'the last values', 8000).catch(() => undefined);
    await Promise.all([...this.#watching.splice(0), ...this.#looking.splice(0)].map((actor) => actor.stop()));
    await Promise.all(this.instances.map((instance) => instance.stop()));
  }
}
