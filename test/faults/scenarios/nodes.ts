import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { FaultClient } from '../harness/client.ts';
import type { History } from '../harness/history.ts';
import { BEAT_SERVICE, BEAT_TTL_MS } from '../harness/heartbeaters.ts';
import type { RegistryNode } from '../harness/registry-node.ts';
import { underLoad, type Scenario } from '../harness/scenario.ts';

/** The life time of a registry node's own lease. */
const NODE_LEASE_MS = 6000;
const STALL_HOOK = fileURLToPath(new URL('../stall-hook.mjs', import.meta.url));

export const NODE_FAULTS: readonly Scenario[] = [
  underLoad({
    id: 'F1',
    title: 'kill -9 of a registry node, and its return',
    options: { nodes: 3 },
    allowance: { writeGapMs: 15_000 },
    inject: async ({ cluster: { nodes }, workload: { history, instances } }) => {
      const [first] = nodes;
      await instances[0]?.fallSilent();
      await history.fault('kill node-1', async () => first?.kill());
      await sleep(2 * NODE_LEASE_MS);
      await first?.start();
      return undefined;
    },
  }),
  ...[1, 3].map((leases) =>
    underLoad({
      id: leases === 1 ? 'F2' : 'F2b',
      title: `a registry node stopped for ${String(leases)} of its leases, and continued`,
      options: { nodes: 3 },
      allowance: { writeGapMs: 15_000 },
      inject: async ({ cluster: { nodes }, workload: { history, instances } }) => {
        const [first] = nodes;
        if (first === undefined) throw new Error('no nodes');
        await instances[0]?.fallSilent();
        first.pause();
        await sleep(leases * NODE_LEASE_MS);
        await resumeHonestly(first, history);
        return undefined;
      },
    }),
  ),
  underLoad({
    id: 'F3',
    title: "a registry node's event loop stalled for 2 s, three times",
    options: {
      nodes: 2,
      process: () => ({ env: { NODE_OPTIONS: `--import=${STALL_HOOK}` } }),
    },
    allowance: { writeGapMs: 15_000 },
    inject: async ({ cluster: { nodes } }) => {
      for (let round = 0; round < 3; round++) {
        nodes[0]?.process.signal('SIGUSR2');
        await sleep(4000);
      }
      return undefined;
    },
  }),
  underLoad({
    id: 'F17',
    title: 'all registry nodes down for three TTLs, then started again',
    allowance: { writeGapMs: 30_000 },
    inject: async ({ cluster: { nodes }, workload: { history } }) => {
      await history.fault('kill all nodes', async () => {
        await Promise.all(nodes.map((node) => node.kill()));
        await sleep(3 * BEAT_TTL_MS);
        await Promise.all(nodes.map((node) => node.start()));
      });
      // The first answers after the ready line; the workload's lookups spare a node its first second.
      const client = new FaultClient('first', nodes);
      for (const node of nodes) {
        const reply = await client.sendTo(node, 'GET', `/v1/health/service/${BEAT_SERVICE}?passing`);
        const found = (JSON.parse(reply.text) as unknown[]).length;
        if (found !== history.heartbeaters.size)
          throw new Error(`${node.name} came back with ${String(found)} instances`);
      }
      client.close();
      return undefined;
    },
  }),
];

/** Lets a node go on, and holds it to its word: it must not claim to be current before it is. */
async function resumeHonestly(node: RegistryNode, history: History): Promise<void> {
  const last = history.acknowledged.at(-1);
  if (last === undefined) throw new Error('nothing was acknowledged while the node was stopped');
  node.resume();
  const client = new FaultClient('suspicious', [node]);
  const until = performance.now() + 2000;
  while (performance.now() < until) {
    const { status, headers } = await client.sendTo(node, 'GET', `/v1/kv/${last.key}?stale`);
    if (status === 404 && headers['x-consul-knownleader'] === 'true')
      throw new Error(`${node.name} claims to be current and does not have ${last.key}`);
    await sleep(10);
  }
  client.close();
}
