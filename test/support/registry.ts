import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProtectionPolicy } from '../../src/core/index.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLogger } from '../../src/platform/logger.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { pureHashes } from '../../src/core/ring/index.ts';
import { Registry, type Identity } from '../../src/registry/index.ts';
import { createEmbeddedStore } from '../../src/store/embedded/index.ts';
import type { Store } from '../../src/store/store.ts';
import { Follower } from '../../src/view/follower.ts';
import { View } from '../../src/view/view.ts';
import { eventually } from './eventually.ts';

/** A registry over a real store, without protocols or background jobs. */
export interface TestRegistry {
  readonly registry: Registry;
  readonly store: Store;
  readonly view: View;
  stop(): Promise<void>;
}

export const TEST_IDENTITY: Identity = {
  datacenter: 'dc1',
  nodeName: 'registry-1',
  nodeId: '11111111-1111-4111-8111-111111111111',
  agentName: 'rollcall',
  agentId: '22222222-2222-4222-8222-222222222222',
  address: '127.0.0.1',
  version: '0.0.0-test',
};

/** Starts a registry on an embedded store in a temporary directory, or on the store given; `wrap` comes between. */
export async function startRegistry(
  options: {
    identity?: Partial<Identity>;
    store?: Store;
    wrap?: (store: Store) => Store;
    protection?: ProtectionPolicy;
  } = {},
): Promise<TestRegistry> {
  const directory = await mkdtemp(join(tmpdir(), 'rollcall-registry-'));
  const logger = createLogger('silent');
  const bare = options.store ?? createEmbeddedStore({ directory, logger });
  const store = options.wrap?.(bare) ?? bare;
  const view = new View(systemClock);
  const follower = new Follower({ store, view, clock: systemClock, random: systemRandom, logger });
  const registry = new Registry({
    identity: { ...TEST_IDENTITY, ...options.identity },
    store,
    view,
    clock: systemClock,
    random: systemRandom,
    hashes: pureHashes,
    outputIntervalMs: 300_000,
    ...(options.protection === undefined ? {} : { protection: options.protection }),
    onEpochChanged: () => {
      follower.restart();
    },
  });
  await store.open();
  follower.start();
  await eventually(() => view.ready, 'the first snapshot');
  return {
    registry,
    store,
    view,
    stop: async () => {
      await follower.stop();
      await store.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
