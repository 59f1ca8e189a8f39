import { expect } from 'chai';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { TABLES, type Registration } from '../../src/core/index.ts';
import type { Registry } from '../../src/registry/index.ts';
import { packTar, unpackTar } from '../../src/registry/tar.ts';
import type { Store } from '../../src/store/store.ts';
import { altered, unclosed } from '../support/altered-store.ts';
import { eventually } from '../support/eventually.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

const CONSUL_ARCHIVE = new URL('../fixtures/consul-snapshot/consul-1.8.7.snap', import.meta.url);
const NOW = '2026-01-02T03:04:05.000Z';
const FILES = ['meta.json', 'state.bin', 'SHA256SUMS'];
const bytes = (text: string) => new Uint8Array(Buffer.from(text));

function registration(service: string, node = 'host-1'): Registration {
  return {
    node: { name: node, id: '', address: '10.0.0.1', meta: { zone: 'a' } },
    keepNode: true,
    instance: {
      node,
      id: service,
      service,
      tags: ['t'],
      address: '',
      port: 80,
      weights: { passing: 1, warning: 1 },
      enableTagOverride: false,
    },
    checks: [
      {
        node,
        id: `service:${service}`,
        name: 'ttl',
        instanceId: service,
        status: 'passing',
        notes: '',
        source: { kind: 'ttl', ttlMs: 60_000 },
        deregisterAfterMs: 0,
        overwriteStatus: true,
      },
    ],
    replaceChecks: false,
  };
}

/** Everything in the catalog that an archive holds, without revisions. */
function contents(registry: Registry): string[] {
  const tables = TABLES.filter((table) => table !== 'tombstone');
  return tables
    .flatMap((table) =>
      [...registry.state.values(table)].map((record) => {
        const { createRevision: _create, modifyRevision: _modify, ...value } = record;
        return JSON.stringify({ table, value });
      }),
    )
    .sort();
}

async function fill(registry: Registry): Promise<void> {
  await registry.catalog.register(registration('web'));
  await registry.kv.put({ key: 'a/b', value: bytes('one'), flags: '18446744073709551615' });
  await registry.kv.put({ key: 'binary', value: new Uint8Array([0, 255, 10, 13]), flags: '0' });
  await registry.settings.put('config-entry:x', { a: 1 });
}

/** An archive whose `state.bin` has been changed, its sums being right. */
function rewritten(archive: Uint8Array, change: (state: string) => string): Uint8Array {
  const files = unpackTar(gunzipSync(archive), FILES);
  const meta = files.get('meta.json') ?? Buffer.alloc(0);
  const state = Buffer.from(change(files.get('state.bin')?.toString() ?? ''));
  const sum = (content: Buffer) => createHash('sha256').update(content).digest('hex');
  const sums = Buffer.from(`${sum(meta)}  meta.json\n${sum(state)}  state.bin\n`);
  return gzipSync(
    packTar([
      ['meta.json', meta],
      ['state.bin', state],
      ['SHA256SUMS', sums],
    ]),
  );
}

describe('snapshot', function () {
  this.timeout(30_000);
  let started: TestRegistry;
  let registry: Registry;

  beforeEach(async () => {
    started = await startRegistry();
    registry = started.registry;
  });
  afterEach(() => started.stop());

  it('brings back what was there, drops what was not, and lets no index go back', async () => {
    await fill(registry);
    const saved = contents(registry);
    const archive = await registry.snapshots.save(NOW);
    await registry.kv.delete('binary');
    await registry.kv.put({ key: 'a/b', value: bytes('two'), flags: '0' });
    await registry.kv.put({ key: 'new/key', value: bytes('x'), flags: '0' });
    await registry.catalog.register(registration('api'));
    await registry.catalog.deregisterNode('host-1');
    const before = registry.state.revision;
    await registry.snapshots.restore(archive);
    expect(contents(registry)).to.deep.equal(saved);
    expect(registry.state.kv.get('a/b')?.modifyRevision).to.be.above(before);
    expect(registry.state.tombstones.get('new/key')?.modifyRevision).to.be.above(before);
    expect(registry.state.tombstones.get('binary')).to.equal(undefined);
    expect([...registry.state.settings.keys()]).to.deep.equal(['config-entry:x']);
  });

  it('changes nothing where everything is as the archive says', async () => {
    await fill(registry);
    const revisions = () => [...registry.state.kv.values()].map(({ modifyRevision }) => modifyRevision);
    const before = revisions();
    await registry.snapshots.restore(await registry.snapshots.save(NOW));
    expect(revisions()).to.deep.equal(before);
  });

  it('goes to another registry, leases and all', async () => {
    await fill(registry);
    const archive = await registry.snapshots.save(NOW);
    const other = await startRegistry({ identity: { nodeName: 'other', agentName: 'elsewhere' } });
    try {
      await other.registry.snapshots.restore(archive);
      expect(contents(other.registry)).to.deep.equal(contents(registry));
      expect(await other.store.renew([{ lease: 'check\0host-1\0service:web', ttlMs: 1 }])).to.deep.equal([
        true,
      ]);
    } finally {
      await other.stop();
    }
  });

  it('leaves alone the registry node and the agent of whoever restores', async () => {
    const archive = await registry.snapshots.save(NOW);
    const own = registration('consul', 'registry-1');
    const { node } = own;
    await registry.catalog.register({
      ...own,
      node: { name: '', id: '', address: '', ...node, transient: true },
    });
    await registry.catalog.register({ ...registration('web', 'rollcall') });
    await registry.snapshots.restore(archive);
    expect([...registry.state.nodes.keys()].sort()).to.deep.equal(['registry-1', 'rollcall']);
    expect([...registry.state.instances.values()].map(({ id }) => id)).to.deep.equal(['consul']);
    expect(gunzipSync(await registry.snapshots.save(NOW)).toString('latin1')).to.not.include('"registry-1"');
  });

  it('carries thousands of records and large values in batches', async () => {
    await Promise.all(
      Array.from({ length: 1500 }, (_, n) =>
        registry.kv.put({ key: `k/${String(n)}`, value: bytes(String(n)), flags: '0' }),
      ),
    );
    const large = new Uint8Array(400_000).map((_, n) => (n * 7919) % 251);
    for (const key of ['l1', 'l2', 'l3']) await registry.kv.put({ key, value: large, flags: '0' });
    const saved = contents(registry);
    const archive = await registry.snapshots.save(NOW);
    await registry.kv.deleteTree('');
    await registry.snapshots.restore(archive);
    expect(contents(registry)).to.deep.equal(saved);
  });

  it('finishes a restore that was promised and interrupted, as soon as somebody looks', async () => {
    await fill(registry);
    const saved = contents(registry);
    const archive = await registry.snapshots.save(NOW);
    await registry.kv.deleteTree('');
    let left = Number.POSITIVE_INFINITY;
    const failing = (store: Store): Store =>
      altered(store, {
        commit: (txn) => (left-- > 0 ? store.commit(txn) : Promise.reject(new Error('the power went'))),
      });
    const { store } = started;
    const crashed = await startRegistry({ store: unclosed(store), wrap: failing });
    left = 2;
    const outcome = await crashed.registry.snapshots
      .restore(archive)
      .catch((error: unknown) => String(error));
    expect(outcome).to.equal('Error: the power went');
    await crashed.stop();
    expect(registry.state.settings.has('restore')).to.equal(true);
    expect(registry.state.kv.size).to.equal(0);
    await expectRefused(
      registry.snapshots.restore(archive),
      'A snapshot is being restored already; try again later',
    );
    expect(await registry.snapshots.resume(Infinity)).to.equal(true);
    expect(contents(registry)).to.deep.equal(saved);
    expect(await registry.snapshots.resume(Infinity)).to.equal(false);
  });

  it('changes nothing where it was interrupted before it was promised, and cleans up at the next one', async () => {
    await fill(registry);
    const archive = await registry.snapshots.save(NOW);
    await registry.settings.put(`restore:${registry.identity.nodeId}/x:0`, 'left behind');
    await registry.kv.delete('binary');
    expect(await registry.snapshots.resume(0)).to.equal(false);
    expect(registry.state.kv.get('binary')).to.equal(undefined);
    await registry.snapshots.restore(archive);
    expect([...registry.state.settings.keys()]).to.deep.equal(['config-entry:x']);
  });

  it('leaves the restore of another node to it for a while', async () => {
    await fill(registry);
    const archive = Buffer.from(await registry.snapshots.save(NOW)).toString('base64');
    await registry.settings.put('restore:other/x:0', archive);
    await registry.settings.put('restore', { id: 'other/x', chunks: 1 });
    expect(await registry.snapshots.resume(60_000)).to.equal(false);
    expect(await registry.snapshots.resume(0)).to.equal(true);
    expect([...registry.state.settings.keys()]).to.deep.equal(['config-entry:x']);
  });

  it('writes nothing more once another node has ended it', async () => {
    await fill(registry);
    const archive = await registry.snapshots.save(NOW);
    let sent = 0;
    let goOn: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    /** Stands still after its promise. */
    const still = (store: Store): Store =>
      altered(store, {
        commit: async (txn) => {
          if (++sent > 2) await held;
          return store.commit(txn);
        },
      });
    await registry.kv.deleteTree('');
    const slow = await startRegistry({ store: unclosed(started.store), wrap: still });
    const outcome = slow.registry.snapshots.restore(archive).catch((error: unknown) => error);
    await eventually(() => sent === 3, 'it has promised and begun');
    expect(await registry.snapshots.resume(0)).to.equal(true);
    await registry.kv.put({ key: 'a/b', value: bytes('newer'), flags: '0' });
    await registry.catalog.register(registration('late'));
    const now = contents(registry);
    goOn();
    expect(await outcome).to.have.property('code', 'outcome_unknown');
    await slow.stop();
    expect(contents(registry)).to.deep.equal(now);
  });

  const FOREIGN: readonly (readonly [string, (own: Uint8Array) => Uint8Array, RegExp])[] = [
    ['nothing', () => bytes(''), /^failed to decompress snapshot: EOF$/],
    ['a few bytes', () => bytes('garbage'), /^failed to decompress snapshot: unexpected EOF$/],
    [
      'no gzip',
      () => bytes('garbage that is long enough'),
      /^failed to decompress snapshot: gzip: invalid header$/,
    ],
    [
      'a cut archive',
      (own) => own.subarray(0, own.length - 20),
      /^failed to decompress snapshot: unexpected EOF$/,
    ],
    [
      'gzip of no tar',
      () => gzipSync('test\n'),
      /^failed to read snapshot file: failed reading snapshot: unexpected EOF$/,
    ],
    [
      'a tar of other files',
      () => gzipSync(packTar([['x.gz', Buffer.from('x')]])),
      /^failed to read snapshot file: unexpected file "x\.gz" in snapshot$/,
    ],
    [
      'a snapshot of Consul',
      () => readFileSync(CONSUL_ARCHIVE),
      /^not a snapshot of Rollcall: it was made by/,
    ],
    [
      'a snapshot of a later version',
      (own) => rewritten(own, (state) => state.replace('"version":1', '"version":2')),
      /^the snapshot has version 2; this program reads version 1$/,
    ],
    [
      'a snapshot without its last record',
      (own) => rewritten(own, (state) => `${state.trimEnd().split('\n').slice(0, -1).join('\n')}\n`),
      /^the snapshot has \d+ records instead of \d+$/,
    ],
    [
      'a record without a field',
      (own) => rewritten(own, (state) => state.replace('"service":"web"', '"service":5')),
      /^record \d of the snapshot is not valid: instance\.service must be a string$/,
    ],
    [
      'a record of no table',
      (own) => rewritten(own, (state) => state.replace('"table":"kv"', '"table":"x"')),
      /^record \d of the snapshot is not valid: unknown table x$/,
    ],
    ['a changed byte', flipped, /^failed to read snapshot file: .*hash check failed for "state\.bin"$/],
  ];

  for (const [what, make, message] of FOREIGN)
    it(`refuses ${what}, and changes nothing`, async () => {
      await fill(registry);
      const archive = make(await registry.snapshots.save(NOW));
      const before = registry.state.revision;
      await expectRefused(registry.snapshots.restore(archive), message);
      expect(registry.state.revision).to.equal(before);
    });
});

/** One bit of `state.bin` is another, though the gzip is whole. */
function flipped(archive: Uint8Array): Uint8Array {
  const tar = gunzipSync(archive);
  const at = tar.indexOf('"service":"web"');
  tar[at + 12] = (tar[at + 12] ?? 0) ^ 1;
  return gzipSync(tar);
}

async function expectRefused(promise: Promise<unknown>, message: string | RegExp): Promise<void> {
  const refusal = await promise.then(
    () => 'nothing was thrown',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  if (typeof message === 'string') expect(refusal).to.equal(message);
  else expect(refusal).to.match(message);
}
