import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { probeScript } from '../../src/runtime/checks/probes/script.ts';
import { eventually } from '../support/eventually.ts';

async function run(
  args: readonly string[],
  fields: { timeoutMs?: number; outputMaxBytes?: number } = {},
): Promise<string[]> {
  const { timeoutMs = 20_000 } = fields;
  const source = { kind: 'script', args, intervalMs: 1000, timeoutMs, ...fields } as const;
  const { status, output } = await probeScript(source, AbortSignal.timeout(timeoutMs));
  return [status, output];
}

const node = (source: string) => [process.execPath, '-e', source];

describe('Script probe', () => {
  it('passes on exit status 0, warns on 1 and is critical on all else', async () => {
    expect(await run(['/bin/sh', '-c', 'echo fine; echo twice >&2'])).to.deep.equal([
      'passing',
      'fine\ntwice\n',
    ]);
    expect(await run(['false'])).to.deep.equal(['warning', '']);
    expect(await run(['/bin/sh', '-c', 'exit 2'])).to.deep.equal(['critical', '']);
    expect(await run(['/bin/sh', '-c', 'kill -9 $$'])).to.have.property('0', 'critical');
  });

  it('hands arguments over as they are, without a shell', async () => {
    expect(await run(['echo', '$HOME; `id`', '&& x'])).to.deep.equal(['passing', '$HOME; `id` && x\n']);
  });

  it('keeps the end of a long output', async () => {
    const [status, output] = await run(node("process.stdout.write('a'.repeat(9000) + 'END')"));
    expect(status).to.equal('passing');
    expect(output).to.match(/^Captured 4096 of 9003 bytes\n\.\.\.\na+END$/);
    expect(output).to.have.length('Captured 4096 of 9003 bytes\n...\n'.length + 4096);
    expect(await run(['echo', '0123456789'], { outputMaxBytes: 4 })).to.deep.equal([
      'passing',
      'Captured 4 of 11 bytes\n...\n789\n',
    ]);
  });

  it('is critical when there is no such program', async () => {
    expect(await run(['no-such-program-here'])).to.deep.equal([
      'critical',
      'exec: "no-such-program-here": executable file not found in $PATH',
    ]);
    expect(await run(['/no/such/program'])).to.deep.equal([
      'critical',
      'fork/exec /no/such/program: no such file or directory',
    ]);
    expect(await run(['/etc/passwd'])).to.deep.equal([
      'critical',
      'fork/exec /etc/passwd: permission denied',
    ]);
  });

  it('kills a program and all it has started when the time is up', async () => {
    const marker = `sleep ${String(300 + process.pid)}.5`;
    const script = `${marker} & ${marker}`;
    const started = Date.now();
    expect(await run(['/bin/sh', '-c', script], { timeoutMs: 300 })).to.deep.equal([
      'critical',
      'Timed out (0.3s) running check',
    ]);
    expect(Date.now() - started).to.be.below(15_000);
    const left = () => execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).includes(marker);
    await eventually(() => !left(), 'the end of what the script started');
  });
});
