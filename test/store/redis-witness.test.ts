import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { EPOCH_SPAN } from '../../src/core/index.ts';
import { eventually } from '../support/eventually.ts';
import { requireRedis, type RedisServer } from '../support/redis-server.ts';
import { apply, put } from './harness.ts';
import { buildStore, cleanUp, openStore, startServer } from './redis-harness.ts';

describe('redis store: the witness on disk', function () {
  this.timeout(30_000);
  let server: RedisServer;
  let directory: string;

  before(function () {
    requireRedis(this);
  });

  beforeEach(async () => {
    server = await startServer();
    directory = mkdtempSync(join(tmpdir(), 'rollcall-witness-'));
  });

  afterEach(async () => {
    await cleanUp();
    rmSync(directory, { recursive: true });
  });

  async function writeFive(): Promise<void> {
    const store = await openStore(server.url, { witnessDirectory: directory });
    for (let i = 0; i < 5; i += 1) await apply(store, { puts: [put(`k${i}`)] });
    await store.revision();
    await store.close();
  }

  it('tells of a loss where every node restarted together with Redis', async () => {
    await writeFive();
    await server.restart();
    const store = buildStore(server.url, { witnessDirectory: directory });
    await store.open();
    expect(await store.adopt(0)).to.deep.equal({
      revision: EPOCH_SPAN + 1,
      epoch: 1,
      opened: true,
      lost: 5,
      fresh: true,
    });
  });

  it('tells an emptied Redis that others began anew from the one it knew', async () => {
    await writeFive();
    await server.call('FLUSHALL');
    const other = await openStore(server.url);
    for (let i = 0; i < 9; i += 1) await apply(other, { puts: [put(`n${i}`)] });
    const store = buildStore(server.url, { witnessDirectory: directory });
    await store.open();
    expect(await store.adopt(0)).to.include({ epoch: 1, opened: true, lost: 5 });
  });

  it('is written while the store runs, and changes nothing where nothing was lost', async () => {
    const store = await openStore(server.url, { witnessDirectory: directory });
    await apply(store, { puts: [put('a')] });
    await store.revision();
    const [file = ''] = await eventually(() => {
      const files = readdirSync(directory).filter((name) => name.endsWith('.json'));
      return files.length === 1 ? files : undefined;
    }, 'the file');
    expect(JSON.parse(readFileSync(join(directory, file), 'utf8'))).to.include({ revision: 1 });
    const again = buildStore(server.url, { witnessDirectory: directory });
    await again.open();
    expect(await again.adopt(0)).to.include({ revision: 1, opened: false, lost: 0 });
  });

  it('does no harm where it is damaged or cannot be kept', async () => {
    await writeFive();
    for (const name of readdirSync(directory)) writeFileSync(join(directory, name), '{"revision":');
    const damaged = buildStore(server.url, { witnessDirectory: directory });
    await damaged.open();
    expect(await damaged.adopt(0)).to.include({ revision: 5, opened: false });
    writeFileSync(join(directory, 'file'), '');
    const unwritable = buildStore(server.url, { witnessDirectory: join(directory, 'file') });
    await unwritable.open();
    expect(await unwritable.adopt(0)).to.include({ revision: 5, opened: false });
    expect(await apply(unwritable, { puts: [put('b')] })).to.equal(6);
  });
});
