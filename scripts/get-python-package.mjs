// Installs one package of PyPI into a virtual environment of its own, .peers/<package>, and prints the path of that
// environment's Python.
//   node scripts/get-python-package.mjs <package> <version>
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const PEERS = resolve(import.meta.dirname, '../.peers');
const TIMEOUT_MS = 5 * 60_000;

/** Installs the package unless it is there; returns the path of Python. Throws where that cannot be done. */
export function getPythonPackage(name, version) {
  const directory = join(PEERS, name);
  const python = join(directory, 'bin/python');
  // An environment cannot be moved, so a file says that it is whole.
  const whole = join(directory, `${version}.installed`);
  if (existsSync(whole)) return python;
  mkdirSync(PEERS, { recursive: true });
  rmSync(directory, { recursive: true, force: true });
  run('python3', '-m', 'venv', directory);
  run(python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', `${name}==${version}`);
  writeFileSync(whole, '');
  return python;
}

function run(program, ...args) {
  // stdout is for the path.
  execFileSync(program, args, { timeout: TIMEOUT_MS, stdio: ['ignore', 2, 2] });
}

if (import.meta.filename === process.argv[1]) {
  const [name, version] = process.argv.slice(2);
  if (version === undefined)
    throw new Error('usage: node scripts/get-python-package.mjs <package> <version>');
  console.log(getPythonPackage(name, version));
}
