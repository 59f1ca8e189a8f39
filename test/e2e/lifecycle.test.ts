import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { send } from '../support/http.ts';
import { cleanUp, startRollcall, temporaryDirectory } from '../support/rollcall-process.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

function runMain(args: readonly string[], env: Record<string, string> = {}) {
  return spawnSync(process.execPath, [MAIN, ...args], {
    env: { PATH: process.env['PATH'], ...env },
    encoding: 'utf8',
    timeout: 30_000,
  });
}

describe('starting and stopping', function () {
  this.timeout(60_000);
  after(cleanUp);

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`answers blocked reads and ends with 0 on ${signal}`, async () => {
      const rollcall = await startRollcall({ DATA_DIR: await temporaryDirectory() });
      const blocked = send(rollcall.httpPort, 'GET', '/v1/kv/x?index=1&wait=5m', { timeoutMs: 60_000 });
      const { headers } = await send(rollcall.httpPort, 'GET', '/v1/catalog/services');
      const waiting = send(
        rollcall.httpPort,
        'GET',
        `/v1/catalog/services?wait=5m&index=${String(headers['x-consul-index'])}`,
        { timeoutMs: 60_000 },
      );
      await send(rollcall.httpPort, 'GET', '/readyz');
      const startedAt = performance.now();
      const code = signal === 'SIGTERM' ? await rollcall.stop() : await interrupted(rollcall);
      expect(code).to.equal(0);
      expect(performance.now() - startedAt).to.be.below(10_000);
      expect((await waiting).status).to.equal(200);
      expect((await blocked).status).to.equal(404);
    });
  }

  it('keeps everything over a clean restart, and counts on', async () => {
    const settings = { DATA_DIR: await temporaryDirectory() };
    const first = await startRollcall(settings);
    await send(first.httpPort, 'PUT', '/v1/kv/a', { body: '1' });
    await send(first.httpPort, 'PUT', '/v1/agent/service/register', { body: '{"Name":"web","Port":80}' });
    const index = (await send(first.httpPort, 'GET', '/v1/kv/a')).headers['x-consul-index'];
    await first.stop();
    const second = await startRollcall(settings);
    const answer = await send(second.httpPort, 'GET', '/v1/kv/a');
    expect(answer.headers['x-consul-index']).to.equal(index);
    expect((await send(second.httpPort, 'GET', '/v1/health/service/web')).text).to.contain('"ID":"web"');
    await second.stop();
  });

  it('refuses to start, in one line, on a data directory in use, a taken port, and wrong settings', async () => {
    const directory = await temporaryDirectory();
    const running = await startRollcall({ DATA_DIR: directory });
    const free = { ROLLCALL_HTTP_PORT: '0', ROLLCALL_DNS_PORT: '0' };
    const inUse = runMain(['serve'], { ...free, ROLLCALL_DATA_DIR: directory });
    expect(inUse.stderr.split('\n').at(-2)).to.match(/^rollcall: .*in use/);
    expect(inUse.status).to.equal(1);
    const taken = runMain(['serve'], {
      ...free,
      ROLLCALL_HTTP_PORT: String(running.httpPort),
      ROLLCALL_DATA_DIR: join(directory, 'other'),
    });
    expect(taken.stderr.split('\n').at(-2)).to.match(/^rollcall: .*EADDRINUSE/);
    expect(taken.status).to.equal(1);
    const wrong = runMain(['serve', '--http-prot', '1'], free);
    expect([wrong.status, wrong.stdout]).to.deep.equal([2, '']);
    expect(wrong.stderr).to.match(/^rollcall: .*--http-prot.*--http-port/);
    await running.stop();
  });

  it('registers service definition files, and refuses to start on one it does not understand', async () => {
    const directory = await temporaryDirectory();
    const services = join(directory, 'services');
    await mkdir(services);
    await writeFile(
      join(services, 'nginx.json'),
      '{"service": {"name": "nginx-service", "tags": ["web"], "port": 80}}',
    );
    await writeFile(join(services, 'ignored.txt'), 'not JSON');
    const rollcall = await startRollcall({ DATA_DIR: join(directory, 'data'), SERVICE_DIR: services });
    const found = JSON.parse(
      (await send(rollcall.httpPort, 'GET', '/v1/catalog/service/nginx-service')).text,
    ) as object[];
    expect(found).to.have.length(1);
    expect(found[0]).to.deep.include({ ServiceID: 'nginx-service', ServicePort: 80, ServiceTags: ['web'] });
    await rollcall.stop();
    await writeFile(join(services, 'broken.json'), '{"service": {"port": "http"}}');
    const env = {
      ROLLCALL_HTTP_PORT: '0',
      ROLLCALL_DNS_PORT: '0',
      ROLLCALL_DATA_DIR: join(directory, 'data'),
      ROLLCALL_SERVICE_DIR: services,
    };
    const refused = runMain(['serve'], env);
    expect(refused.status).to.equal(1);
    expect(refused.stderr.split('\n').at(-2)).to.match(/^rollcall: service definition .*broken\.json: /);
  });
});

describe('the command line', function () {
  this.timeout(60_000);
  after(cleanUp);

  it('registers, looks up, places and configures', async () => {
    const rollcall = await startRollcall({ DATA_DIR: await temporaryDirectory() });
    const cli = (...args: string[]) => runMain(['--url', rollcall.url, ...args]);
    expect(
      cli('register', 'cart', '--id', 'cart-1', '--address', '10.0.0.1', '--port', '80', '--tag', 'v1')
        .status,
    ).to.equal(0);
    expect(cli('services').stdout).to.contain('cart v1\n');
    expect(cli('instances', 'cart').stdout).to.equal('cart-1 10.0.0.1:80\n');
    expect(cli('owner', 'cart', 'user-42').stdout).to.equal('cart-1 10.0.0.1:80\n');
    expect(cli('kv', 'put', 'a/b', 'value').status).to.equal(0);
    expect(cli('kv', 'get', 'a/b').stdout).to.equal('value');
    expect(cli('kv', 'delete', 'a/b').status).to.equal(0);
    expect(cli('kv', 'get', 'a/b')).to.include({ status: 1, stderr: 'rollcall: no such key: a/b\n' });
    expect(JSON.parse(cli('status').stdout)).to.include({ store: 'embedded', ready: true });
    expect(cli('owner', 'nope', 'k').stderr).to.match(/^rollcall: No instance of service "nope"/);
    expect(cli('deregister', 'cart-1').status).to.equal(0);
    expect(cli('instances', 'cart').stdout).to.equal('');
    await rollcall.stop();
    expect(cli('status').stderr).to.match(/^rollcall: no answer from /);
  });
});

async function interrupted(rollcall: Awaited<ReturnType<typeof startRollcall>>): Promise<number | null> {
  rollcall.signal('SIGINT');
  return rollcall.exited();
}
