import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { cp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from '../support/eventually.ts';
import { send } from '../support/http.ts';
import {
  cleanUp,
  startRollcall,
  temporaryDirectory,
  type RollcallProcess,
} from '../support/rollcall-process.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const FIXTURES = fileURLToPath(new URL('../fixtures/consul-agent', import.meta.url));
const LOOPBACK = { BIND: '127.0.0.1', DNS_BIND: '127.0.0.1' };

async function json(rollcall: RollcallProcess, path: string): Promise<unknown> {
  return JSON.parse((await send(rollcall.httpPort, 'GET', path)).text) as unknown;
}

async function idsIn(rollcall: RollcallProcess, path: string): Promise<string[]> {
  return Object.keys((await json(rollcall, path)) as object);
}

function runMain(...argv: readonly string[]) {
  return spawnSync(process.execPath, [MAIN, ...argv], { encoding: 'utf8', timeout: 30_000 });
}

describe('rollcall agent', function () {
  this.timeout(60_000);
  afterEach(cleanUp);

  it('starts on the configuration of a Consul server, and says in one line what it leaves aside', async () => {
    const settings = { ...LOOPBACK, DATA_DIR: await temporaryDirectory() };
    const rollcall = await startRollcall(settings, ['agent', '-config-dir', join(FIXTURES, 'server')]);
    const lines = rollcall
      .log()
      .split('\n')
      .filter((line) => line.includes('leftAside'));
    expect(lines).to.have.length(1);
    expect(lines[0])
      .to.include('"acl"')
      .and.include('"encrypt"')
      .and.include('"telemetry"')
      .and.not.include('secret');
    const self = (await json(rollcall, '/v1/agent/self')) as { Config: Record<string, unknown> };
    expect(self.Config).to.include({
      Datacenter: 'east-1',
      NodeName: 'consul-server-1',
      NodeID: '3f2504e0-4f89-41d3-9a0c-0305e82c3301',
    });
    rollcall.signal('SIGINT');
    expect(await rollcall.exited()).to.equal(0);
  });

  it('finds its services and checks, and reads them again on PUT agent/reload, on SIGHUP and at a restart', async () => {
    const directory = await temporaryDirectory();
    await cp(join(FIXTURES, 'client'), directory, { recursive: true });
    const settings = { ...LOOPBACK, DATA_DIR: await temporaryDirectory() };
    const argv = ['agent', '-config-dir', directory, '-dns-port', '0'];
    const rollcall = await startRollcall(settings, argv);
    expect(await idsIn(rollcall, '/v1/agent/services')).to.have.members(['orders-1', 'cache', 'metrics']);
    const checks = ['orders-http', 'service:orders-1:2', 'service:cache', 'disk', 'orders queue'];
    expect(await idsIn(rollcall, '/v1/agent/checks')).to.have.members(checks);
    const [found] = (await json(rollcall, '/v1/catalog/service/orders')) as [Record<string, unknown>];
    expect(found).to.deep.include({
      Node: 'app-host-17',
      Address: '192.0.2.17',
      ServicePort: 8080,
      ServiceTags: ['v1', 'primary'],
      ServiceMeta: { version: '1.4' },
      ServiceWeights: { Passing: 10, Warning: 1 },
    });
    expect(found['NodeMeta']).to.include({ Rack: 'r7', zone: 'a' });
    await send(rollcall.httpPort, 'PUT', '/v1/agent/service/register', { body: '{"Name":"by-hand"}' });
    await send(rollcall.httpPort, 'PUT', '/v1/agent/check/pass/service:orders-1:2');

    await rm(join(directory, 'checks.json'));
    expect((await send(rollcall.httpPort, 'PUT', '/v1/agent/reload')).status).to.equal(200);
    expect(await idsIn(rollcall, '/v1/agent/services')).to.have.members(['orders-1', 'cache', 'by-hand']);
    expect(await idsIn(rollcall, '/v1/agent/checks')).to.have.members(checks.slice(0, 3));
    const kept = (await json(rollcall, '/v1/agent/checks')) as Record<string, { Status: string }>;
    expect(kept['service:orders-1:2']?.Status).to.equal('passing');

    await writeFile(join(directory, 'extra.json'), '{"service":{"name":"extra"},"node_meta":{"zone":"b"}}');
    rollcall.signal('SIGHUP');
    await eventually(
      async () => (await idsIn(rollcall, '/v1/agent/services')).includes('extra'),
      'the service of the new file',
    );
    const node = (await json(rollcall, '/v1/catalog/node/app-host-17')) as { Node: { Meta: object } };
    expect(node.Node.Meta).to.include({ Rack: 'r7', zone: 'b', 'consul-network-segment': '' });

    await writeFile(join(directory, 'broken.json'), '{"service":{"port":1}}');
    const refused = await send(rollcall.httpPort, 'PUT', '/v1/agent/reload');
    expect(refused.status).to.equal(500);
    expect(refused.text).to.match(/^Reload failed: service definition .*broken\.json: Missing service name$/);
    expect(await idsIn(rollcall, '/v1/agent/services')).to.have.members([
      'orders-1',
      'cache',
      'by-hand',
      'extra',
    ]);

    await rollcall.stop();
    await rm(join(directory, 'broken.json'));
    await rm(join(directory, 'extra.json'));
    const again = await startRollcall(settings, argv);
    expect(await idsIn(again, '/v1/agent/services')).to.have.members(['orders-1', 'cache', 'by-hand']);
  });

  it('-dev leaves nothing behind, and serves no DNS where it is told not to', async () => {
    const made = async () => (await readdir(tmpdir())).filter((name) => name.startsWith('rollcall-dev-'));
    const before = await made();
    const rollcall = await startRollcall({}, ['agent', '-dev', '-dns-port', '-1', '-node', 'dev-1']);
    expect(rollcall.readyLine).to.match(/ dns=off store=embedded data=\S*rollcall-dev-/);
    const directory = /data=(\S*)/.exec(rollcall.readyLine)?.[1] ?? '';
    expect(await made()).to.have.length.above(before.length);
    rollcall.signal('SIGINT');
    expect(await rollcall.exited()).to.equal(0);
    expect(await readdir(directory).catch(() => 'gone')).to.equal('gone');
  });

  it('refuses HCL and flags that Consul does not have, before it opens anything', () => {
    const hcl = runMain('agent', '-config-dir', join(FIXTURES, 'hcl'));
    expect([hcl.status, hcl.stdout]).to.deep.equal([2, '']);
    expect(hcl.stderr).to.match(
      /^rollcall: \S*consul\.hcl: HCL is not supported; write the configuration as JSON\n$/,
    );
    const flag = runMain('agent', '-bogus');
    expect([flag.status, flag.stderr.split(';')[0]]).to.deep.equal([2, 'rollcall: unknown flag -bogus']);
    expect(runMain('agent', '-help').stdout).to.include('-config-dir');
  });

  it('Compat(consul): the shape of `consul version`, for tools that read it; the version is our own', () => {
    const version = JSON.parse(runMain('version', '-format=json').stdout) as Record<string, unknown>;
    expect(Object.keys(version)).to.deep.equal(['Version', 'Revision', 'Prerelease', 'RPC']);
    expect(runMain('version').stdout).to.equal(`Rollcall v${String(version['Version'])}\n`);
    expect(runMain('version', '-format', 'xml').status).to.equal(1);
  });
});
