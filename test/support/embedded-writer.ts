// A process that commits to the embedded store until it is killed, for tests that need another process.
// Arguments: directory, lanes (commits in flight), bytes of each value. Prints a line for each outcome:
// `open`, `applied <key> <revision>`, `refused <key> <code>`.
import { randomBytes } from 'node:crypto';
import { createLogger } from '../../src/platform/logger.ts';
import { createEmbeddedStore } from '../../src/store/embedded/index.ts';
import { StoreError, type Store } from '../../src/store/store.ts';

const REFUSED_PAUSE_MS = 50;
const [directory = '', lanes = '1', valueBytes = '100'] = process.argv.slice(2);

function report(...words: readonly (string | number)[]): void {
  // Synchronous for a pipe, so what a kill cuts off was not acknowledged to anybody.
  process.stdout.write(`${words.join(' ')}\n`);
}

async function write(store: Store, key: string): Promise<void> {
  try {
    const result = await store.commit({
      operation: key,
      compares: [{ kind: 'record', table: 'kv', key, revision: 0 }],
      puts: [{ table: 'kv', key, value: randomBytes(Number(valueBytes)), createRevision: 0 }],
      deletes: [],
      touches: [key],
      grants: [{ lease: key, ttlMs: 60_000 }],
      revokes: [],
    });
    if (result.outcome !== 'applied') throw new Error(`conflict on ${key}`);
    report('applied', key, result.revision);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    report('refused', key, error.code);
    await new Promise((resolve) => setTimeout(resolve, REFUSED_PAUSE_MS));
  }
}

const store = createEmbeddedStore({ directory, logger: createLogger('silent') });
await store.open();
await store.adopt(0);
report('open');
const lane = async (name: number): Promise<void> => {
  for (let step = 0; ; step += 1) await write(store, `${process.pid}/${name}/${step}`);
};
await Promise.all(Array.from({ length: Number(lanes) }, (_, name) => lane(name)));
