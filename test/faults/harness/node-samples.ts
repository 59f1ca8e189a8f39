import { readProcessHealth } from '../../support/oracles/process-health.ts';
import { act, type Actor } from './actor.ts';
import { FaultClient } from './client.ts';
import type { RegistryNode } from './registry-node.ts';

const EVERY_MS = 10_000;

/** The worst that nodes held and lagged during a long run. */
export class NodeSamples {
  readonly #nodes: readonly RegistryNode[];
  readonly #most = { residentMiB: 0, openFiles: 0, eventLoopP99Ms: 0 };
  #sampling: Actor | undefined;

  constructor(nodes: readonly RegistryNode[]) {
    this.#nodes = nodes;
  }

  start(): void {
    const client = new FaultClient('sampler', this.#nodes);
    this.#sampling ??= act(
      EVERY_MS,
      async () => {
        for (const node of this.#nodes) await this.#sample(client, node);
      },
      client,
    );
  }

  stop(): void {
    void this.#sampling?.stop().catch(() => undefined);
  }

  figures(): [string, unknown][] {
    return Object.entries(this.#most);
  }

  async #sample(client: FaultClient, node: RegistryNode): Promise<void> {
    const { text, status } = await client.sendTo(node, 'GET', '/metrics');
    if (status !== 200) return;
    try {
      const { residentBytes, openFiles } = readProcessHealth(node.process.pid, '');
      this.#most.residentMiB = Math.max(this.#most.residentMiB, Math.round(residentBytes / 2 ** 20));
      this.#most.openFiles = Math.max(this.#most.openFiles, openFiles);
    } catch {
      // It was killed in between.
    }
    const p99 = Number(/^nodejs_eventloop_lag_p99_seconds (\S+)/m.exec(text)?.[1] ?? 0);
    this.#most.eventLoopP99Ms = Math.max(this.#most.eventLoopP99Ms, Math.round(1000 * p99));
  }
}
