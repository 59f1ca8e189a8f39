import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../support/eventually.ts';
import { goProgram } from '../support/interop-packages.ts';
import {
  cleanUp,
  startRollcall,
  temporaryDirectory,
  type RollcallProcess,
} from '../support/rollcall-process.ts';
import { deregister, register, setStatus, startProgram, type Program } from './dns-programs.ts';

const VERSION = 'v0.41.1';
const FOLLOWS_WITHIN_MS = 30_000;

/** Healthy instances, a key that comes later, a tree of keys and the names of the services. */
const TEMPLATE = `{{ range service "web" }}{{ .ID }}={{ .Address }}:{{ .Port }} {{ end }}
{{ keyOrDefault "title" "none" }}
{{ range ls "flags" }}{{ .Key }}={{ .Value }} {{ end }}
{{ range services }}{{ .Name }} {{ end }}`;

describe('interop: consul-template', function () {
  this.timeout(600_000);
  let rollcall: RollcallProcess;
  let template: Program | undefined;

  before(() => {
    if (spawnSync('go', ['version']).status !== 0)
      throw new Error('This test needs Go 1.24, see https://go.dev/dl');
  });
  afterEach(async () => {
    try {
      await template?.stop();
    } finally {
      template = undefined;
      await cleanUp();
    }
  });

  it('writes what it watches and follows it', async () => {
    rollcall = await startRollcall({ DATA_DIR: await temporaryDirectory() });
    const directory = await temporaryDirectory();
    const [source, target] = [join(directory, 'in'), join(directory, 'out')];
    writeFileSync(source, TEMPLATE);
    const instance = (name: string, port: number) =>
      register(rollcall, { name, host: '10.0.0.1', port, stop: () => Promise.resolve() });
    const set = (key: string, body: string) => fetch(`${rollcall.url}/v1/kv/${key}`, { method: 'PUT', body });
    const writes = (...lines: readonly string[]) =>
      eventually(
        () =>
          existsSync(target) &&
          readFileSync(target, 'utf8')
            .split('\n')
            .map((line) => line.trim())
            .join('|') === lines.join('|'),
        lines.join('|'),
        FOLLOWS_WITHIN_MS,
      );

    await instance('a', 8001);
    template = startProgram(goProgram('github.com/hashicorp/consul-template', VERSION), [
      ...['-consul-addr', `127.0.0.1:${String(rollcall.httpPort)}`, '-template', `${source}:${target}`],
    ]);
    await writes('a=10.0.0.1:8001', 'none', '', 'consul web');
    await instance('b', 8002);
    await set('title', 'one');
    await set('flags/x', '1');
    await writes('a=10.0.0.1:8001 b=10.0.0.1:8002', 'one', 'x=1', 'consul web');
    await setStatus(rollcall, { name: 'a' }, 'critical');
    await set('title', 'two');
    await writes('b=10.0.0.1:8002', 'two', 'x=1', 'consul web');
    await deregister(rollcall, { name: 'a' });
    await deregister(rollcall, { name: 'b' });
    await fetch(`${rollcall.url}/v1/kv/flags?recurse`, { method: 'DELETE' });
    await writes('', 'two', '', 'consul');
  });
});
