import { setTimeout as sleep } from 'node:timers/promises';
import type { ShiftedClock } from './harness/clock-shim.ts';
import type { FaultCluster } from './harness/cluster.ts';
import type { History } from './harness/history.ts';
import type { SeededRandom } from './harness/random.ts';

/** What a soak does to a registry, again and again. */
interface Trouble {
  readonly name: string;
  /** Undoes what it did before it resolves. */
  readonly make: (under: Troubled) => Promise<void>;
}

export interface Troubled {
  readonly cluster: FaultCluster;
  readonly history: History;
  readonly random: SeededRandom;
  /** Undefined where clocks cannot be shifted. */
  readonly clock: ShiftedClock | undefined;
}

const NODE_TROUBLES: readonly Trouble[] = [
  {
    name: 'kill a node',
    make: async ({ cluster, random }) => {
      const node = random.pick(cluster.nodes);
      await node.kill();
      await sleep(random.between(0, 8000));
      await node.start();
    },
  },
  {
    name: 'stop a node',
    make: async ({ cluster, random }) => {
      const node = random.pick(cluster.nodes);
      node.pause();
      await sleep(random.between(500, 12_000));
      node.resume();
    },
  },
  {
    name: 'kill all nodes',
    make: async ({ cluster, history, random }) =>
      history.fault('kill all nodes', async () => {
        await Promise.all(cluster.nodes.map((node) => node.kill()));
        await sleep(random.between(0, 10_000));
        await Promise.all(cluster.nodes.map((node) => node.start()));
      }),
  },
  {
    name: 'restart a node',
    make: async ({ cluster, random }) => {
      const node = random.pick(cluster.nodes);
      await node.stop();
      await node.start();
    },
  },
];

const REDIS_TROUBLES: readonly Trouble[] = [
  {
    name: 'kill Redis',
    make: async ({ cluster, history, random }) =>
      history.fault('kill Redis', async () => {
        const primary = await cluster.primary();
        await primary.kill();
        await sleep(cluster.sentinels === undefined ? random.between(0, 6000) : 8000);
        await primary.restart();
      }),
  },
  {
    name: 'stop Redis',
    make: async ({ cluster, history, random }) =>
      history.fault('stop Redis', async () => {
        const primary = await cluster.primary();
        primary.pause();
        await sleep(random.between(500, 10_000));
        primary.resume();
      }),
  },
];

const LINE_TROUBLES: readonly Trouble[] = [
  {
    name: 'cut a node off Redis',
    make: async ({ cluster, random }) => {
      const line = random.pick(cluster.proxies);
      line.freeze();
      await sleep(random.between(500, 8000));
      line.thaw();
    },
  },
  {
    name: 'cut all nodes off Redis',
    make: async ({ cluster, history, random }) =>
      history.fault('cut all nodes off Redis', async () => {
        for (const line of cluster.proxies) line.freeze();
        await sleep(random.between(500, 8000));
        for (const line of cluster.proxies) line.thaw();
      }),
  },
  {
    name: 'lose the replies of Redis',
    make: async ({ cluster, random }) => {
      const line = random.pick(cluster.proxies);
      line.loseReplies(true);
      await sleep(random.between(500, 4000));
      line.loseReplies(false);
      line.cut();
    },
  },
  {
    name: 'slow Redis down',
    make: async ({ cluster, random }) => {
      for (const line of cluster.proxies) line.delay(random.between(5, 100));
      await sleep(random.between(2000, 8000));
      for (const line of cluster.proxies) line.delay(0);
    },
  },
];

const CLOCK_TROUBLE: Trouble = {
  name: 'shift the clocks',
  make: async ({ clock, random }) => {
    clock?.shift(Math.round(random.between(-1, 1) * 86_400_000));
    await sleep(3000);
  },
};

const SENTINEL_TROUBLE: Trouble = {
  name: 'stop a sentinel',
  make: async ({ cluster, random }) => {
    const sentinel = random.pick(cluster.sentinels?.sentinels ?? []);
    sentinel.signal('SIGSTOP');
    await sleep(random.between(1000, 10_000));
    sentinel.signal('SIGCONT');
  },
};

/** What may be done to a registry of this kind. */
export function troublesFor({ cluster, clock }: Pick<Troubled, 'cluster' | 'clock'>): readonly Trouble[] {
  return [
    ...NODE_TROUBLES,
    ...REDIS_TROUBLES,
    ...(cluster.proxies.length > 0 ? LINE_TROUBLES : []),
    ...(cluster.sentinels === undefined ? [] : [SENTINEL_TROUBLE]),
    ...(clock === undefined ? [] : [CLOCK_TROUBLE]),
  ];
}
