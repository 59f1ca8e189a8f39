// Prints the path of a real Consul, for the tests and the bench that compare with one.
//   node scripts/get-consul.mjs
// CONSUL_BIN names one that is there already. Otherwise apt downloads that of Debian 11 (1.8.7, the last under the
// MPL that Debian has) and it is unpacked into .peers/consul; nothing is installed.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const DIRECTORY = resolve(import.meta.dirname, '../.peers/consul');
const BINARY = join(DIRECTORY, 'usr/bin/consul');
const MIRROR = 'http://deb.debian.org/debian';
const TIMEOUT_MS = 5 * 60_000;

/** Downloads Consul unless it is there; returns the path of the program. Throws where that cannot be done. */
export function getConsul() {
  if (process.env.CONSUL_BIN) return process.env.CONSUL_BIN;
  if (existsSync(BINARY)) return BINARY;
  mkdirSync(resolve(DIRECTORY, '..'), { recursive: true });
  const work = mkdtempSync(`${DIRECTORY}-`);
  try {
    const unpacked = join(work, 'unpacked');
    execFileSync('dpkg', ['-x', download(work), unpacked], { timeout: TIMEOUT_MS });
    rmSync(DIRECTORY, { recursive: true, force: true });
    renameSync(unpacked, DIRECTORY);
    return BINARY;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Has apt download the package with lists and caches of its own; returns the path of the package. */
function download(work) {
  for (const name of ['lists/partial', 'cache/archives/partial'])
    mkdirSync(join(work, name), { recursive: true });
  const sources = join(work, 'sources.list');
  writeFileSync(sources, `deb ${machinesMirror()} bullseye main\n`);
  const apt = (...command) =>
    execFileSync(
      'apt-get',
      [
        '-qq',
        ...[
          'APT::Sandbox::User=root',
          'Acquire::Check-Valid-Until=false',
          'APT::Get::List-Cleanup=0',
        ].flatMap((option) => ['-o', option]),
        ...['-o', `Dir::Etc::SourceList=${sources}`, '-o', 'Dir::Etc::SourceParts=-'],
        ...['-o', `Dir::State::Lists=${join(work, 'lists')}`, '-o', `Dir::Cache=${join(work, 'cache')}`],
        ...command,
      ],
      { cwd: work, timeout: TIMEOUT_MS, stdio: ['ignore', 'ignore', 'inherit'] },
    );
  apt('update');
  apt('download', 'consul');
  const file = readdirSync(work).find((name) => name.endsWith('.deb'));
  if (file === undefined) throw new Error('apt downloaded no package');
  return join(work, file);
}

/** The mirror this machine takes its packages from, which may be the only one it can reach. */
function machinesMirror() {
  try {
    const targets = execFileSync('apt-get', ['indextargets', '--format', '$(REPO_URI)'], {
      encoding: 'utf8',
    });
    const mirrors = targets.split('\n').filter((uri) => uri !== '' && !uri.includes('security'));
    return mirrors[0] ?? MIRROR;
  } catch {
    return MIRROR;
  }
}

if (import.meta.filename === process.argv[1]) console.log(getConsul());
