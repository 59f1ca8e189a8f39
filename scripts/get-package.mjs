// Unpacks one package of a Debian release into .peers/<package> and prints that directory; nothing is installed.
//   node scripts/get-package.mjs <release> <package>
// apt downloads it and verifies its signature with the keys this machine trusts. Dependencies are left to the machine.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const PEERS = resolve(import.meta.dirname, '../.peers');
const MIRROR = 'http://deb.debian.org/debian';
const TIMEOUT_MS = 5 * 60_000;

/** Downloads the package unless it is there; returns its directory. Throws where that cannot be done. */
export function getPackage(release, name) {
  const directory = join(PEERS, name);
  if (existsSync(directory)) return directory;
  mkdirSync(PEERS, { recursive: true });
  const work = mkdtempSync(`${directory}-`);
  try {
    const unpacked = join(work, 'unpacked');
    execFileSync('dpkg', ['-x', download(work, release, name), unpacked], { timeout: TIMEOUT_MS });
    renameSync(unpacked, directory);
    return directory;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Has apt download the package with lists and caches of its own; returns the path of the package. */
function download(work, release, name) {
  for (const part of ['lists/partial', 'cache/archives/partial'])
    mkdirSync(join(work, part), { recursive: true });
  const sources = join(work, 'sources.list');
  writeFileSync(sources, `deb ${machinesMirror()} ${release} main\n`);
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
  apt('download', name);
  const file = readdirSync(work).find((entry) => entry.endsWith('.deb'));
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

if (import.meta.filename === process.argv[1]) {
  const [release, name] = process.argv.slice(2);
  if (name === undefined) throw new Error('usage: node scripts/get-package.mjs <release> <package>');
  console.log(getPackage(release, name));
}
