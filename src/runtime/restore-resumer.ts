import type { Logger } from '../platform/logger.ts';
import type { Random } from '../platform/random.ts';
import type { Registry } from '../registry/index.ts';
import { repeat, type Repeating } from './repeat.ts';

const INTERVAL_MS = 1000;
const STOP_WITHIN_MS = 2000;
/** A node that restores a snapshot is given up on after so long. */
const PATIENCE_MS = 30_000;

interface Deps {
  readonly registry: Registry;
  readonly logger: Logger;
  readonly random: Random;
  /** Whether this node is the one to finish what others left undone. */
  readonly leads: () => boolean;
}

/**
 * Finishes the restore of a snapshot that a crash, of this node or of another, has interrupted.
 *
 * When stopped it leaves a restore that takes longer to the next start, or to another node.
 */
export function startRestoreResumer({ registry, logger, random, leads }: Deps): Repeating {
  const run = async (): Promise<false> => {
    const resumed = await registry.snapshots.resume(leads() ? PATIENCE_MS : Infinity);
    if (resumed) logger.warn({}, 'finished the restore of a snapshot that had been interrupted');
    return false;
  };
  const repeating = repeat(run, { name: 'restore of a snapshot', intervalMs: INTERVAL_MS, logger, random });
  return {
    stop: async () => {
      let timer: NodeJS.Timeout | undefined;
      const timeout = new Promise<void>((resolve) => (timer = setTimeout(resolve, STOP_WITHIN_MS)));
      await Promise.race([repeating.stop(), timeout]);
      clearTimeout(timer);
    },
  };
}
