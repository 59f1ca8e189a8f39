import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { eventually } from '../support/eventually.ts';
import { send } from '../support/http.ts';
import { cleanUp, startRollcall, type RollcallProcess } from '../support/rollcall-process.ts';
import { bothStores } from '../support/stores.ts';

const CONSUL_ARCHIVE = new URL('../fixtures/consul-snapshot/consul-1.8.7.snap', import.meta.url);
const KEYS = 1500;
const TXN_KEYS = 50;
/** Values that do not compress, so that the archive has many pieces and its restore many commits. */
const VALUES = Array.from({ length: KEYS }, () => randomBytes(4000).toString('base64'));

async function fill(rollcall: RollcallProcess): Promise<void> {
  for (let first = 0; first < KEYS; first += TXN_KEYS) {
    const puts = VALUES.slice(first, first + TXN_KEYS).map((value, n) =>
      send(rollcall.httpPort, 'PUT', `/v1/kv/k/${String(first + n)}`, { body: value }),
    );
    for (const { status } of await Promise.all(puts)) expect(status).to.equal(200);
  }
  const service = { Name: 'web', Port: 80, Check: { TTL: '10m', Status: 'passing' } };
  await send(rollcall.httpPort, 'PUT', '/v1/agent/service/register', { body: JSON.stringify(service) });
}

async function save(rollcall: RollcallProcess): Promise<Buffer> {
  const { status, body } = await send(rollcall.httpPort, 'GET', '/v1/snapshot', { timeoutMs: 30_000 });
  expect(status).to.equal(200);
  return body;
}

function restore(rollcall: RollcallProcess, archive: Uint8Array) {
  return send(rollcall.httpPort, 'PUT', '/v1/snapshot', { body: archive, timeoutMs: 30_000 });
}

async function clear(rollcall: RollcallProcess): Promise<void> {
  for (let digit = 0; digit < 10; digit++)
    await send(rollcall.httpPort, 'DELETE', `/v1/kv/k/${String(digit)}?recurse`, { timeoutMs: 30_000 });
  await send(rollcall.httpPort, 'PUT', '/v1/agent/service/deregister/web');
  expect(await keyCount(rollcall)).to.equal(0);
}

async function keyCount(rollcall: RollcallProcess): Promise<number> {
  const { status, text } = await send(rollcall.httpPort, 'GET', '/v1/kv/k/?keys&stale');
  return status === 404 ? 0 : (JSON.parse(text) as string[]).length;
}

async function expectRestored(rollcall: RollcallProcess): Promise<void> {
  const { text } = await send(rollcall.httpPort, 'GET', '/v1/kv/k/?recurse', { timeoutMs: 30_000 });
  const pairs = JSON.parse(text) as { Key: string; Value: string }[];
  expect(pairs).to.have.length(KEYS);
  for (const { Key, Value } of pairs)
    if (Buffer.from(Value, 'base64').toString() !== VALUES[Number(Key.slice(2))])
      throw new Error(`${Key} differs`);
  const health = await send(rollcall.httpPort, 'GET', '/v1/health/service/web?passing');
  expect(JSON.parse(health.text)).to.have.length(1);
}

async function indexOf(rollcall: RollcallProcess): Promise<number> {
  return Number((await send(rollcall.httpPort, 'GET', '/v1/kv/?keys')).headers['x-consul-index']);
}

for (const store of bothStores()) {
  describe(`snapshots on the ${store.name} store`, function () {
    this.timeout(120_000);
    let settings: Readonly<Record<string, string>>;
    let rollcall: RollcallProcess;
    let archive: Buffer;

    before(async function () {
      settings = { NODE_NAME: 'n1', ...(await store.start(this)) };
      rollcall = await startRollcall(settings);
      await fill(rollcall);
      archive = await save(rollcall);
    });

    after(async () => {
      await cleanUp();
      await store.stop();
    });

    it('bring back the catalog, and no index goes back', async () => {
      await clear(rollcall);
      await send(rollcall.httpPort, 'PUT', '/v1/kv/other', { body: 'x' });
      const before = await indexOf(rollcall);
      expect((await restore(rollcall, archive)).status).to.equal(200);
      await expectRestored(rollcall);
      expect((await send(rollcall.httpPort, 'GET', '/v1/kv/other')).status).to.equal(404);
      expect(await indexOf(rollcall)).to.be.above(before);
    });

    it('are finished after a crash in the middle of their restore', async () => {
      await clear(rollcall);
      const before = await indexOf(rollcall);
      const cut = restore(rollcall, archive).catch(() => undefined);
      await eventually(async () => (await keyCount(rollcall)) > 0, 'the first restored key');
      await rollcall.kill();
      await cut;
      rollcall = await startRollcall(settings);
      await eventually(async () => (await keyCount(rollcall)) === KEYS, 'the end of the restore', 60_000);
      await expectRestored(rollcall);
      expect(await indexOf(rollcall)).to.be.above(before);
    });

    it('change all or nothing where the crash comes as soon as they are sent', async () => {
      await clear(rollcall);
      const cut = restore(rollcall, archive).catch(() => undefined);
      await send(rollcall.httpPort, 'GET', '/readyz');
      await rollcall.kill();
      await cut;
      rollcall = await startRollcall(settings);
      const left = await keyCount(rollcall);
      if (left > 0)
        await eventually(async () => (await keyCount(rollcall)) === KEYS, 'the end of the restore', 60_000);
      // One that was promised comes first.
      await eventually(async () => (await restore(rollcall, archive)).status === 200, 'a restore', 60_000);
      await expectRestored(rollcall);
    });

    it('of Consul are refused, and change nothing', async () => {
      const before = await indexOf(rollcall);
      const { status, text } = await restore(rollcall, readFileSync(CONSUL_ARCHIVE));
      expect([status, text]).to.deep.equal([
        500,
        'not a snapshot of Rollcall: it was made by another program',
      ]);
      expect(await indexOf(rollcall)).to.equal(before);
    });
  });
}
