import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { eventually } from '../support/eventually.ts';
import { send } from '../support/http.ts';
import {
  cleanUp,
  startRollcall,
  temporaryDirectory,
  type RollcallProcess,
} from '../support/rollcall-process.ts';
import { bothStores } from '../support/stores.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
/** A job begins with a minute. */
const MINUTE_MS = 75_000;

interface Cluster {
  readonly nodes: readonly { readonly name: string; readonly roles?: readonly string[] }[];
  readonly jobs: readonly { readonly name: string; readonly node: string; readonly outcome: string }[];
}

const cluster = async ({ httpPort }: RollcallProcess): Promise<Cluster> =>
  JSON.parse((await send(httpPort, 'GET', '/api/v1/cluster')).text) as Cluster;

/** The lines of an archive's records; the first line says when it was made. */
function recordsIn(archive: Uint8Array): string[] {
  const lines = gunzipSync(archive).toString('utf8').split('\n');
  return lines.filter((line) => line.startsWith('{"table":')).sort();
}

for (const store of bothStores())
  describe(`scheduled backups of the ${store.name} store`, function () {
    this.timeout(2 * MINUTE_MS);
    let settings: Readonly<Record<string, string>>;
    let nodes: RollcallProcess[];
    let directory: string;

    before(async function () {
      directory = join(await temporaryDirectory(), 'made', 'by rollcall');
      settings = { BACKUP_DIR: directory, ...(await store.start(this)) };
      const names = store.name === 'redis' ? ['first', 'second'] : ['only'];
      nodes = [];
      for (const name of names) nodes.push(await startRollcall({ ...settings, NODE_NAME: name }));
    });
    after(async () => {
      await cleanUp();
      await store.stop();
    });

    it('are made by the node that leads, shown everywhere, and bring an empty registry to the same', async () => {
      let survivor = nodes[0] as RollcallProcess;
      const value = { body: 'v'.repeat(1000) };
      for (let i = 0; i < 20; i++) await send(survivor.httpPort, 'PUT', `/v1/kv/key/${String(i)}`, value);
      const service = { Name: 'web', Port: 80, Check: { TTL: '10m', Status: 'passing' } };
      await send(survivor.httpPort, 'PUT', '/v1/agent/service/register', { body: JSON.stringify(service) });
      if (nodes.length === 2) {
        const leads = () =>
          cluster(survivor).then((seen) => seen.nodes.find(({ roles }) => roles?.includes('housekeeper')));
        const leader = await eventually(leads, 'a node that leads');
        const at = leader.name === 'first' ? 0 : 1;
        survivor = nodes[1 - at] as RollcallProcess;
        await nodes[at]?.kill();
      }
      const job = await eventually(
        async () => (await cluster(survivor)).jobs.find(({ name }) => name === 'backup'),
        'a backup',
        MINUTE_MS,
      );
      expect(job.outcome).to.equal('done');
      const [name = ''] = readdirSync(directory);
      expect(name).to.match(/^rollcall-dc1-\d{8}T\d{6}Z-r\d+\.snap$/);
      const metrics = (await send(survivor.httpPort, 'GET', '/metrics')).text;
      expect(metrics).to.match(/^rollcall_job_last_success_timestamp_seconds\{job="backup"\} \d{10}/m);
      expect(metrics).to.match(/^rollcall_job_failures\{job="backup"\} 0$/m);
      const backup = readFileSync(join(directory, name));
      const empty = await startRollcall({ DATA_DIR: await temporaryDirectory(), NODE_NAME: 'third' });
      expect((await send(empty.httpPort, 'PUT', '/v1/snapshot', { body: backup })).status).to.equal(200);
      const restored = (await send(empty.httpPort, 'GET', '/v1/snapshot')).body;
      expect(recordsIn(restored)).to.deep.equal(recordsIn(backup));
      expect(recordsIn(backup).filter((line) => line.includes('"table":"kv"'))).to.have.length(20);
    });
  });

describe('a schedule of backups that cannot be read', () => {
  it('stops the start with a clear message', () => {
    const { status, stderr } = spawnSync(process.execPath, [MAIN, 'serve', '--backup-schedule', 'daily'], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect(status).to.equal(2);
    expect(stderr).to.include('backupSchedule: expected a cron expression such as "0 3 * * *", got "daily"');
  });
});
