import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { eventually } from '../support/eventually.ts';
import { ConsulCli, type CommandResult } from '../support/interop-cli.ts';
import { consulProgram } from '../support/interop-packages.ts';
import { cleanUp, startRollcall, temporaryDirectory } from '../support/rollcall-process.ts';
import { COMMANDS, FILES } from './consul-cli-commands.ts';
import { startConsul, type ConsulServer } from './dns-consul-server.ts';

describe('interop: the consul program as a client', function () {
  this.timeout(120_000);
  let consul: ConsulServer;
  let directory: string;
  let ours: ConsulCli;
  let theirs: ConsulCli;

  before(async () => {
    consul = await startConsul('agent-1');
    const rollcall = await startRollcall({
      DATA_DIR: await temporaryDirectory(),
      NODE_NAME: 'registry-1',
      AGENT_NAME: 'agent-1',
    });
    directory = await temporaryDirectory();
    ours = await client(directory, rollcall.url);
    theirs = await client(await temporaryDirectory(), consul.url);
  });
  after(async () => {
    await consul.stop();
    await cleanUp();
  });

  async function client(at: string, url: string): Promise<ConsulCli> {
    for (const [name, content] of Object.entries(FILES)) writeFileSync(join(at, name), content);
    return new ConsulCli(consulProgram(), at, url);
  }

  /** Without what differs from run to run. */
  function masked({ code, stdout, stderr }: CommandResult): string {
    const output = `${stdout}${stderr}`
      .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'UUID')
      .replace(/^(agent-1 +)[0-9a-f]{8} /gm, '$1ID ')
      .replace(/(Index +|to index )[1-9]\d*/g, '$1N');
    return `${output}exit ${String(code)}`;
  }

  for (const { line, stdin, code = 0, shows, differs } of COMMANDS) {
    it(`consul ${line}`, async () => {
      const args = line.split(' ');
      const [onOurs, onTheirs] = await Promise.all([ours.run(args, stdin), theirs.run(args, stdin)]);
      for (const result of [onTheirs, onOurs]) {
        const [, output = ''] = /^([^]*)exit -?\w+$/.exec(masked(result)) ?? [];
        expect(output).to.match(shows);
        expect(result.code, output).to.equal(code);
      }
      // An excuse that nothing needs would hide a difference to come.
      if (differs !== undefined) expect(masked(onOurs), differs).to.not.equal(masked(onTheirs));
      else expect(masked(onOurs)).to.equal(masked(onTheirs));
    });
  }

  it('consul services deregister names a service that is not there, as Consul 1.12 and later do', async () => {
    const args = ['services', 'deregister', '-id=nope'];
    expect((await theirs.run(args)).stdout).to.equal('Deregistered service: nope\n');
    const { code, stderr } = await ours.run(args);
    expect(stderr).to.match(/404 \(Unknown service ID "nope"/);
    expect(code).to.equal(1);
  });

  it('consul snapshot restore is refused an archive of Consul, and nothing changes', async () => {
    const archive = join(directory, 'foreign.snap');
    expect((await theirs.run(['snapshot', 'save', archive])).code).to.equal(0);
    await ours.run(['kv', 'put', 'kept', 'as it was']);
    const { code, stderr } = await ours.run(['snapshot', 'restore', archive]);
    expect(stderr).to.match(/500 \(.*not a snapshot of Rollcall: it was made by another program/);
    expect(code).to.equal(1);
    expect((await ours.run(['kv', 'get', 'kept'])).stdout).to.equal('as it was\n');
  });

  /** Runs `args` until `during` is done; what it wrote is in the file `log`. */
  async function whileRunning(
    args: readonly string[],
    log: string,
    during: (lines: () => string[]) => Promise<void>,
  ): Promise<void> {
    const path = join(directory, log);
    writeFileSync(path, '');
    const over = new AbortController();
    const running = ours.run(args, '', over.signal);
    try {
      await during(() => readFileSync(path, 'utf8').split('\n').filter(Boolean));
    } finally {
      over.abort();
    }
    await running;
  }

  it('consul watch -type=key runs its handler at each change of the key', async () => {
    const args = ['watch', '-type=key', '-key=watched', 'sh', '-c', 'cat >>key.log'];
    await ours.run(['kv', 'put', 'watched', 'first']);
    await whileRunning(args, 'key.log', async (lines) => {
      const values = () =>
        lines().map((line) => {
          const { Value } = JSON.parse(line) as { Value: string };
          return Buffer.from(Value, 'base64').toString();
        });
      await eventually(() => values().join() === 'first', 'the first value');
      await ours.run(['kv', 'put', 'not-watched', 'x']);
      await ours.run(['kv', 'put', 'watched', 'second']);
      await eventually(() => values().join() === 'first,second', 'the second value');
    });
  });

  it('consul watch -type=service runs its handler as instances come and go', async () => {
    const args = ['watch', '-type=service', '-service=seen', 'sh', '-c', 'cat >>service.log'];
    await whileRunning(args, 'service.log', async (lines) => {
      const seen = () =>
        lines().map((line) =>
          (JSON.parse(line) as { Service: { ID: string } }[]).map((e) => e.Service.ID).join('+'),
        );
      await eventually(() => seen().join() === '', 'the empty service');
      await ours.run(['services', 'register', '-name=seen', '-id=seen-1']);
      await eventually(() => seen().at(-1) === 'seen-1', 'the first instance');
      await ours.run(['services', 'register', '-name=seen', '-id=seen-2']);
      await eventually(() => seen().at(-1) === 'seen-1+seen-2', 'the second instance');
      await ours.run(['services', 'deregister', '-id=seen-1']);
      await eventually(() => seen().at(-1) === 'seen-2', 'the first instance has gone');
    });
  });

  it('consul watch -type=event and -type=checks run their handlers', async () => {
    const onEvent = ['watch', '-type=event', '-name=rolled', 'sh', '-c', 'cat >>event.log'];
    await whileRunning(onEvent, 'event.log', async (lines) => {
      await eventually(() => lines().length > 0, 'the events so far');
      await ours.run(['event', '-name=rolled', 'v2']);
      await eventually(() => lines().at(-1)?.includes('"Payload":"djI="'), 'the event');
    });
    const onChecks = ['watch', '-type=checks', '-state=critical', 'sh', '-c', 'cat >>checks.log'];
    await whileRunning(onChecks, 'checks.log', async (lines) => {
      await ours.run(['maint', '-enable', '-reason=watched']);
      await eventually(() => lines().at(-1)?.includes('_node_maintenance'), 'the critical check');
      await ours.run(['maint', '-disable']);
    });
  });

  it('consul lock lets one contender in at a time, and consul lock -n two', async () => {
    const path = join(directory, 'lock.log');
    const most = async (options: readonly string[], prefix: string): Promise<number> => {
      writeFileSync(path, '');
      const job = 'echo in >>lock.log; sleep 0.5; echo out >>lock.log';
      const results = await Promise.all(
        ['a', 'b', 'c'].map(() => ours.run(['lock', ...options, prefix, job])),
      );
      for (const result of results) expect(result.code, result.stderr).to.equal(0);
      const steps = readFileSync(path, 'utf8').trim().split('\n');
      expect(steps).to.have.length(6);
      let inside = 0;
      return Math.max(...steps.map((step) => (inside += step === 'in' ? 1 : -1)));
    };
    expect(await most([], 'locks/one')).to.equal(1);
    expect(await most(['-n=2'], 'locks/two')).to.equal(2);
    const left = await ours.run(['kv', 'get', '-keys', 'locks/']);
    expect(left.stdout, 'a lock that nobody holds is removed').to.equal('');
  });
});
