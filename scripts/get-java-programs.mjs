// Builds test/fixtures/eureka-java with Maven into .peers/eureka-java and prints that directory.
//   node scripts/get-java-programs.mjs
// What they need comes from Maven Central, into Maven's own cache. They are built again when a source has changed.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';

const SOURCES = resolve(import.meta.dirname, '../test/fixtures/eureka-java');
const BUILT = resolve(import.meta.dirname, '../.peers/eureka-java');
const TIMEOUT_MS = 10 * 60_000;

/** Builds the programs unless they are up to date; returns their directory. Throws where that cannot be done. */
export function getJavaPrograms() {
  const digest = sourceDigest();
  if (builtFrom() === digest) return BUILT;
  mkdirSync(resolve(BUILT, '..'), { recursive: true });
  const work = mkdtempSync(`${BUILT}-`);
  try {
    const args = ['--batch-mode', '--quiet', '--no-transfer-progress', `-Dbuilt=${work}`, 'compile'];
    // stdout is for the directory.
    execFileSync('mvn', args, { cwd: SOURCES, timeout: TIMEOUT_MS, stdio: ['ignore', 2, 2] });
    writeFileSync(join(work, 'digest'), digest);
    rmSync(BUILT, { recursive: true, force: true });
    renameSync(work, BUILT);
    return BUILT;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function builtFrom() {
  const path = join(BUILT, 'digest');
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

function sourceDigest() {
  const hash = createHash('sha256');
  for (const path of readdirSync(SOURCES, { recursive: true }).sort()) {
    if (!/\.(java|xml)$/.test(path)) continue;
    hash.update(`${path}\n`).update(readFileSync(join(SOURCES, path)));
  }
  return hash.digest('hex');
}

if (import.meta.filename === process.argv[1]) console.log(getJavaPrograms());
