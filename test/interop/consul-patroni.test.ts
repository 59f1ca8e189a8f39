import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { DnsLookup } from '../support/dns-lookup.ts';
import { eventually } from '../support/eventually.ts';
import { patroniIsThere, startPatroni, type Patroni } from '../support/interop-patroni.ts';
import {
  cleanUp,
  startRollcall,
  temporaryDirectory,
  type RollcallProcess,
} from '../support/rollcall-process.ts';
import { freePort } from './dns-consul-server.ts';

/** Creating a database takes its time on a busy machine. */
const WITHIN_MS = 90_000;

describe('interop: Patroni with PostgreSQL', function () {
  this.timeout(300_000);
  let rollcall: RollcallProcess;
  const running: Patroni[] = [];

  before(async function () {
    if (!patroniIsThere()) this.skip();
    rollcall = await startRollcall({ DATA_DIR: await temporaryDirectory() });
  });
  afterEach(async function () {
    if (this.currentTest?.state === 'failed')
      for (const each of running) console.log(`${each.name}:\n${each.log()}`);
  });
  after(async () => {
    await Promise.all(running.splice(0).map((each) => each.stop()));
    await cleanUp();
  });

  async function start(name: string): Promise<Patroni & { readonly postgresPort: number }> {
    const base = await temporaryDirectory();
    chmodSync(base, 0o755);
    const [restPort, postgresPort] = await Promise.all([freePort(), freePort()]);
    const consulAddress = `127.0.0.1:${String(rollcall.httpPort)}`;
    const patroni = startPatroni({
      name,
      directory: join(base, 'pg'),
      consulAddress,
      restPort,
      postgresPort,
    });
    running.push(patroni);
    return { ...patroni, postgresPort };
  }

  async function stop(patroni: Patroni): Promise<void> {
    const at = running.findIndex(({ name }) => name === patroni.name);
    running.splice(at, 1);
    expect(await patroni.stop(), 'ended by itself').to.equal(true);
  }

  interface LeaderKey {
    readonly Value: string;
    readonly Session?: string;
    readonly LockIndex: number;
  }

  /** The key that the leader locks; undefined where it is not there. */
  async function leaderKey(): Promise<LeaderKey | undefined> {
    const answer = await fetch(`${rollcall.url}/v1/kv/service/pg/leader`);
    return answer.status === 404 ? undefined : ((await answer.json()) as LeaderKey[])[0];
  }

  const leads = (name: string) =>
    eventually(
      async () => {
        const key = await leaderKey();
        return key?.Session !== undefined && Buffer.from(key.Value, 'base64').toString() === name && key;
      },
      `${name} holds the lock`,
      WITHIN_MS,
    );

  /** The ports by DNS name, as clients of the cluster look them up. */
  const portsOf = async (role: string) =>
    (await new DnsLookup(rollcall.dnsPort).srv(`${role}.pg.service.consul`)).map((line) =>
      Number(line.split(' ')[0]),
    );

  it('elects a leader, replicates, and hands over when the leader stops', async () => {
    const one = await start('one');
    await leads('one');
    await eventually(
      () => one.sql('create table t (x int); insert into t values (42)') !== '',
      'a table',
      WITHIN_MS,
    );
    await eventually(
      async () => (await portsOf('master')).join() === String(one.postgresPort),
      'master in DNS',
      WITHIN_MS,
    );

    const two = await start('two');
    await eventually(() => two.sql('select x from t') === '42', 'the replica has the row', WITHIN_MS);
    await eventually(
      async () => (await portsOf('replica')).join() === String(two.postgresPort),
      'replica in DNS',
      WITHIN_MS,
    );
    expect(() => two.sql('insert into t values (43)')).to.throw(/read-only/);
    await leads('one');

    await stop(one);
    await leads('two');
    await eventually(
      () => two.sql('insert into t values (43) returning x').startsWith('43'),
      'two is written to',
      WITHIN_MS,
    );
    await eventually(
      async () => (await portsOf('master')).join() === String(two.postgresPort),
      'the new master in DNS',
      WITHIN_MS,
    );

    await stop(two);
    const left = await leaderKey();
    expect(left?.Session, 'the lock is given up').to.equal(undefined);
  });
});
