import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ClassicLevel } from 'classic-level';
import { createLogger } from '../../src/platform/logger.ts';
import { createEmbeddedStore, type EmbeddedStoreOptions } from '../../src/store/embedded/index.ts';
import type { Store } from '../../src/store/store.ts';
import { describeStoreContract, type Harness, type HarnessOptions } from './contract.ts';
import { apply } from './harness.ts';

const logger = createLogger('silent');

async function makeHarness(options: HarnessOptions = {}): Promise<Harness> {
  const directory = await mkdtemp(join(tmpdir(), 'rollcall-embedded-'));
  const opened: Store[] = [];
  const open = async (path: string): Promise<Store> => {
    const store = createEmbeddedStore({ directory: path, logger, ...options });
    await store.open();
    opened.push(store);
    return store;
  };
  const store = await open(join(directory, 'data'));
  return {
    store,
    async reopen() {
      await store.close();
      return open(join(directory, 'data'));
    },
    // What a kill leaves is what the files hold at that moment; a real kill is in embedded-crash.test.ts.
    async crash() {
      await cp(join(directory, 'data'), join(directory, 'crashed'), { recursive: true });
      return open(join(directory, 'crashed'));
    },
    async dispose() {
      await Promise.all(opened.map((one) => one.close()));
      await rm(directory, { recursive: true });
    },
  };
}

describeStoreContract('embedded', makeHarness);

describe('embedded store', () => {
  let directory: string;
  const opened: Store[] = [];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'rollcall-embedded-'));
  });

  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
    await rm(directory, { recursive: true });
  });

  async function open(options: Partial<EmbeddedStoreOptions> = {}): Promise<Store> {
    const store = createEmbeddedStore({ directory, logger, ...options });
    opened.push(store);
    await store.open();
    return store;
  }

  async function expectRefused(path: string, reason: string | RegExp): Promise<void> {
    const error: unknown = await open({ directory: path }).catch((refusal: unknown) => refusal);
    expect(error).to.include({ name: 'StoreError', code: 'unavailable' });
    expect(String(error)).to.include(`data directory ${path} `).and.match(new RegExp(reason));
  }

  /** Writes one entry as some other program would. */
  async function scribble(key: string, value: string): Promise<void> {
    const level = new ClassicLevel(directory);
    await level.put(key, value);
    await level.close();
  }

  it('refuses a directory that is open already', async () => {
    const store = await open();
    await expectRefused(directory, 'in use by another process');
    await store.adopt(0);
    await apply(store, {});
  });

  it('refuses a format it does not know, and leaves it alone', async () => {
    await scribble('m/format', '7');
    await expectRefused(directory, 'has format 7; this version reads format 1');
    await expectRefused(directory, 'has format 7');
  });

  it('refuses a LevelDB of another program', async () => {
    await scribble('some', 'thing');
    await expectRefused(directory, 'Rollcall did not write');
  });

  it('refuses a path where no directory can be', async () => {
    await writeFile(join(directory, 'file'), '');
    await expectRefused(join(directory, 'file'), /cannot be opened: .*EEXIST/);
    await expectRefused(join(directory, 'file', 'data'), /cannot be opened: .*ENOTDIR/);
  });

  it('refuses damaged files', async () => {
    const store = await open();
    await store.close();
    await writeFile(join(directory, 'CURRENT'), 'nonsense');
    await expectRefused(directory, /cannot be opened: .*CURRENT/);
  });

  it('creates its directory, with those above it', async () => {
    await mkdir(join(directory, 'a'));
    const store = await open({ directory: join(directory, 'a', 'b', 'c') });
    expect(await store.adopt(0)).to.include({ fresh: true });
  });

  it('is unavailable before it is opened, and closes without ever having been', async () => {
    const store = createEmbeddedStore({ directory, logger });
    expect(store.status().available).to.equal(false);
    await store.close();
    const error: unknown = await store.open().catch((refusal: unknown) => refusal);
    expect(error).to.include({ code: 'closed' });
  });

  it('gives every lease its full TTL again after a restart', async () => {
    let atMs = 0;
    const clock = { now: () => 0, monotonic: () => atMs };
    const sweep = (store: Store) => store.sweep({ sweeper: 'a', limit: 10 });
    const store = await open({ clock });
    await store.adopt(0);
    await sweep(store);
    await apply(store, { grants: [{ lease: 'l', ttlMs: 900 }] });
    atMs += 800;
    await sweep(store);
    await apply(store, {});
    await store.close();

    atMs += 50_000;
    const again = await open({ clock });
    await again.adopt(0);
    expect(await sweep(again)).to.deep.equal({ leader: true, nowMs: 800, resumedAtMs: 800, due: [] });
    atMs += 899;
    expect((await sweep(again)).due).to.deep.equal([]);
    atMs += 1;
    expect((await sweep(again)).due).to.deep.equal(['l']);
  });

  it('reports a commit to a follower without delay', async () => {
    const store = await open();
    await store.adopt(0);
    const follower = store.follow(0, AbortSignal.timeout(8000))[Symbol.asyncIterator]();
    const delays: number[] = [];
    for (let round = 0; round < 21; round += 1) {
      const begin = performance.now();
      const news = follower.next();
      await apply(store, {});
      await news;
      delays.push(performance.now() - begin);
    }
    expect(delays.sort((a, b) => a - b)[10]).to.be.below(200);
  });
});
