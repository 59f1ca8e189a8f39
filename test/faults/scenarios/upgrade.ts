import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { underLoad, type Scenario } from '../harness/scenario.ts';

/** The last commit before stream entries carried a layout; its nodes must keep working beside those of today. */
const PREVIOUS = '1532af9';
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

function previousMissing(): string | undefined {
  const found = spawnSync('git', ['cat-file', '-e', `${PREVIOUS}^{commit}`], { cwd: ROOT });
  return found.status === 0
    ? undefined
    : `the repository does not hold ${PREVIOUS}, the build to upgrade from`;
}

/** Builds the previous version into a directory of its own; answers its program. */
async function buildPrevious(directory: string): Promise<string> {
  const steps = [
    `git -C '${ROOT}' archive ${PREVIOUS} | tar -x -C '${directory}'`,
    `node '${join(ROOT, 'node_modules/typescript/bin/tsc')}' -p tsconfig.build.json`,
    'node scripts/copy-assets.mjs',
  ];
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  for (const step of steps) await promisify(execFile)('sh', ['-c', step], { cwd: directory });
  return join(directory, 'dist/main.js');
}

function rollingUpgrade(): Scenario {
  let previous = '';
  const scenario = underLoad({
    id: 'F21',
    title: 'two nodes of the previous version are replaced one by one by this one, and one goes back',
    unavailable: previousMissing,
    options: { process: () => ({ main: previous }) },
    allowance: { writeGapMs: 15_000 },
    inject: async ({ cluster, workload }) => {
      for (const node of cluster.nodes) {
        await node.stop();
        node.useBuild(undefined);
        await node.start();
        await workload.untilWritable();
        await sleep(3000);
      }
      const [first] = cluster.nodes;
      if (first === undefined) throw new Error('no nodes');
      // A version that turns out to be bad is taken back.
      await first.stop();
      first.useBuild(previous);
      await first.start();
      await workload.untilWritable();
      await sleep(3000);
      await first.stop();
      first.useBuild(undefined);
      await first.start();
      return undefined;
    },
  });
  return {
    ...scenario,
    run: async (seed) => {
      const directory = mkdtempSync(join(tmpdir(), 'rollcall-previous-'));
      try {
        previous = await buildPrevious(directory);
        return await scenario.run(seed);
      } finally {
        rmSync(directory, { recursive: true, force: true });
      }
    },
  };
}

export const UPGRADE_FAULTS: readonly Scenario[] = [rollingUpgrade()];
