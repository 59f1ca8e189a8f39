// Builds a program from a Go module into .peers/<name> and prints the path of the program.
//   node scripts/get-go-program.mjs <module> <version>
// Go downloads the module and what it needs, and verifies them. It is built as a main module, for `go install` refuses
// modules that replace others.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';

const PEERS = resolve(import.meta.dirname, '../.peers');
const TIMEOUT_MS = 10 * 60_000;

/** Builds the program unless it is there; returns its path. Throws where that cannot be done. */
export function getGoProgram(module, version) {
  const name = basename(module);
  const program = join(PEERS, `${name}-${version}`, name);
  if (existsSync(program)) return program;
  mkdirSync(PEERS, { recursive: true });
  const work = mkdtempSync(join(PEERS, `${name}-`));
  try {
    const { Dir } = JSON.parse(go(PEERS, 'mod', 'download', '-json', `${module}@${version}`));
    const source = join(work, 'source');
    // Go's cache is read-only.
    cpSync(Dir, source, { recursive: true });
    execFileSync('chmod', ['-R', 'u+w', source]);
    go(source, 'build', '-o', join(work, 'built', name), '.');
    rmSync(join(PEERS, `${name}-${version}`), { recursive: true, force: true });
    renameSync(join(work, 'built'), join(PEERS, `${name}-${version}`));
    return program;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function go(cwd, ...args) {
  return execFileSync('go', args, {
    cwd,
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
    stdio: ['ignore', 'pipe', 2],
  });
}

if (import.meta.filename === process.argv[1]) {
  const [module, version] = process.argv.slice(2);
  if (version === undefined) throw new Error('usage: node scripts/get-go-program.mjs <module> <version>');
  console.log(getGoProgram(module, version));
}
