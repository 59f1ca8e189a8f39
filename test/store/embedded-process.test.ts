import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { createLogger } from '../../src/platform/logger.ts';
import { createEmbeddedStore } from '../../src/store/embedded/index.ts';
import type { Store } from '../../src/store/store.ts';
import { picture } from './harness.ts';

const WRITER = fileURLToPath(new URL('../support/embedded-writer.ts', import.meta.url));
const DEADLINE_MS = 30_000;

type Writer = ChildProcessByStdio<null, Readable, null>;
type Outcome = readonly [kind: string, key: string, detail: string];

describe('embedded store and its process', function () {
  this.timeout(2 * DEADLINE_MS);
  let directory: string;
  const writers: Writer[] = [];
  const stores: Store[] = [];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'rollcall-process-'));
  });

  afterEach(async () => {
    for (const writer of writers.splice(0)) if (writer.exitCode === null) writer.kill('SIGKILL');
    for (const store of stores.splice(0)) await store.close();
    await rm(directory, { recursive: true, force: true });
  });

  /** Starts the writer, under a shell's `ulimit -f` (blocks of 512 bytes) where one is given. */
  function startWriter(args: readonly string[], fileBlocks?: number): Writer {
    const command = [process.execPath, '--import=tsx', WRITER, directory, ...args];
    const limit = fileBlocks === undefined ? '' : `ulimit -f ${fileBlocks}; `;
    const writer = spawn('sh', ['-c', `${limit}exec "$@"`, 'sh', ...command], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    writers.push(writer);
    return writer;
  }

  /** What the writer reports until `enough`; then it is killed, and what it still said is added. */
  async function killAfter(
    writer: Writer,
    enough: (outcomes: readonly Outcome[]) => boolean,
  ): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    const overdue = setTimeout(() => writer.kill('SIGKILL'), DEADLINE_MS);
    for await (const line of createInterface({ input: writer.stdout })) {
      const [kind = '', key = '', detail = ''] = line.split(' ');
      outcomes.push([kind, key, detail]);
      if (enough(outcomes)) writer.kill('SIGKILL');
    }
    clearTimeout(overdue);
    const end = `the writer ended (${writer.exitCode}, ${writer.signalCode}) after ${outcomes.length} lines`;
    expect(enough(outcomes), end).to.equal(true);
    return outcomes;
  }

  async function open(): Promise<Store> {
    const store = createEmbeddedStore({ directory, logger: createLogger('silent') });
    await store.open();
    stores.push(store);
    return store;
  }

  async function expectKept(store: Store, outcomes: readonly Outcome[]): Promise<void> {
    const { records, topics } = await picture(store);
    for (const [kind, key, detail] of outcomes) {
      const revision = kind === 'applied' ? Number(detail) : undefined;
      if (kind === 'open' || detail === 'unknown_outcome') continue;
      expect(records.get(`kv/${key}`)?.modifyRevision, `${kind} ${key} ${detail}`).to.equal(revision);
      expect(topics.get(key)).to.equal(revision);
    }
    const applied = outcomes.filter(([kind]) => kind === 'applied');
    const renewed = await store.renew(applied.map(([, key]) => ({ lease: key, ttlMs: 1000 })));
    expect(renewed.every(Boolean)).to.equal(true);
  }

  it('loses no acknowledged commit to kill -9, kill after kill', async () => {
    const outcomes: Outcome[] = [];
    for (const [lanes, count] of [
      [1, 50],
      [8, 300],
      [32, 1500],
    ] as const) {
      outcomes.push(...(await killAfter(startWriter([String(lanes)]), ({ length }) => length > count)));
    }
    const store = await open();
    const witnessed = Math.max(
      ...outcomes.map(([kind, , revision]) => (kind === 'applied' ? Number(revision) : 0)),
    );
    expect(await store.adopt(witnessed)).to.include({ epoch: 0, lost: 0, fresh: false });
    await expectKept(store, outcomes);
  });

  it('refuses a directory in use by another process, naming both', async () => {
    const writer = startWriter(['1']);
    await once(createInterface({ input: writer.stdout }), 'line');
    const error = await open().catch((refusal: unknown) => refusal);
    expect(error).to.include({ name: 'StoreError', code: 'unavailable' });
    expect(String(error)).to.include(directory).and.include('in use by another process');
    writer.kill('SIGKILL');
    await once(writer, 'exit');
    await (await open()).adopt(0);
  });

  it('refuses what the disk cannot take, goes on by itself, and keeps what it acknowledged', async () => {
    // 10,000-byte values: the log of 500,000 bytes ends in the middle of the 50th.
    const writer = startWriter(['1', '10000'], 977);
    const outcomes = await killAfter(writer, (seen) => {
      const refused = seen.findIndex(([kind]) => kind === 'refused');
      return refused > 0 && seen.slice(refused).filter(([kind]) => kind === 'applied').length >= 20;
    });
    const refused = outcomes.filter(([kind]) => kind === 'refused');
    expect(refused.map(([, , code]) => code)).to.deep.equal(['unavailable']);
    const store = await open();
    await store.adopt(0);
    await expectKept(store, outcomes);
  });
});
