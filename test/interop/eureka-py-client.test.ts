import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { eventually } from '../support/eventually.ts';
import { HttpRecorder } from '../support/http-recorder.ts';
import {
  EurekaOperator,
  FOLLOWS_WITHIN_MS,
  passingInConsul,
  registerWithConsul,
} from '../support/interop-eureka.ts';
import { installPackages, pythonWith } from '../support/interop-packages.ts';
import { killPrograms, startDialogue, type Dialogue } from '../support/interop-program.ts';
import {
  cleanUp,
  startRollcall,
  temporaryDirectory,
  type RollcallProcess,
} from '../support/rollcall-process.ts';
import { deregister, startBackend, type Backend } from './dns-programs.ts';

const CLIENT = fileURLToPath(new URL('../fixtures/eureka-python/client.py', import.meta.url));
const VERSION = '0.13.3';
const APP = 'PRICES';
const ID = '127.0.0.1:prices:9000';

interface Shown {
  readonly instances?: readonly string[];
  readonly failures?: readonly string[];
  readonly answer?: string;
}

describe('interop: py-eureka-client', function () {
  this.timeout(300_000);
  let rollcall: RollcallProcess;
  let operator: EurekaOperator;
  let recorder: HttpRecorder;
  let backend: Backend;
  let client: Dialogue;

  before(requirePython);
  beforeEach(async () => {
    rollcall = await startRollcall({ DATA_DIR: await temporaryDirectory() });
    operator = new EurekaOperator(rollcall.url);
    recorder = await HttpRecorder.start(rollcall.httpPort);
    backend = await startBackend('web-1');
  });
  afterEach(async function () {
    await killPrograms(this.currentTest?.state === 'failed');
    await Promise.all([recorder.stop(), backend.stop()]);
    await cleanUp();
  });

  /** What it prints itself is not its library's log. */
  const shown = () =>
    client.lines.filter((line) => line.startsWith('{"')).map((line) => JSON.parse(line) as Shown);

  const sees = (instances: readonly string[]) =>
    eventually(
      () => shown().at(-1)?.instances?.join() === instances.join(),
      `the client sees ${instances.join()}`,
      FOLLOWS_WITHIN_MS,
    );

  it('lives its whole life without fetching everything twice', async () => {
    await registerWithConsul(rollcall, { id: 'web-1', port: backend.port });
    const url = `http://127.0.0.1:${String(recorder.port)}/eureka`;
    client = startDialogue(pythonWith('py-eureka-client', VERSION), [CLIENT, url, 'prices', ID, '9000']);
    const web = (id: string, port: number, status = 'UP') =>
      `WEB rollcall:${id} 127.0.0.1:${String(port)} ${status} b`;
    const own = (status: string) => `${APP} ${ID} 127.0.0.1:9000 ${status} a`;

    await sees([own('UP'), web('web-1', backend.port)]);
    expect(await passingInConsul(rollcall, 'prices')).to.deep.equal([ID]);
    client.write('call WEB');
    await eventually(
      () => shown().some(({ answer }) => answer === 'web-1'),
      'a call by name',
      FOLLOWS_WITHIN_MS,
    );

    await registerWithConsul(rollcall, { id: 'web-2', port: 7002, status: 'critical' });
    await sees([own('UP'), web('web-1', backend.port), web('web-2', 7002, 'DOWN')]);
    await deregister(rollcall, { name: 'web-1' });
    await sees([own('UP'), web('web-2', 7002, 'DOWN')]);

    const heartbeats = () =>
      recorder.count('PUT', /^\/eureka\/apps\/PRICES\/127\.0\.0\.1%3Aprices%3A9000\?status=UP/);
    const before = heartbeats();
    await eventually(() => heartbeats() >= before + 2, 'two more heartbeats', FOLLOWS_WITHIN_MS);
    expect(recorder.count('GET', /^\/eureka\/apps\/$/), 'full fetches').to.equal(1);
    expect(recorder.count('GET', /^\/eureka\/apps\/delta$/)).to.be.greaterThan(1);
    expect(shown().at(-1)?.failures).to.deep.equal([]);

    client.write('override OUT_OF_SERVICE');
    await sees([own('OUT_OF_SERVICE'), web('web-2', 7002, 'DOWN')]);
    expect(await passingInConsul(rollcall, 'prices')).to.deep.equal([]);
    // Its status is unknown then; the next heartbeat is refused and the client registers again.
    client.write('release');
    await sees([own('UP'), web('web-2', 7002, 'DOWN')]);
    await operator.cancel(APP, encodeURIComponent(ID));
    await operator.reaches(APP, ID, 'UP');

    client.end();
    expect(await client.exited()).to.equal(0);
    expect(recorder.count('DELETE', /^\/eureka\/apps\/PRICES\/127\.0\.0\.1%3Aprices%3A9000$/)).to.equal(1);
    expect(await operator.status(APP, ID)).to.equal('NONE');
  });
});

/** Fails, saying what to install, where Python is missing and cannot be installed. */
function requirePython(): void {
  const isThere = () => spawnSync('python3', ['-c', 'import venv, ensurepip']).status === 0;
  if (!isThere()) installPackages('python3', 'python3-venv');
  if (!isThere())
    throw new Error('These tests need Python 3 with venv: apt-get install python3 python3-venv');
}
