// The whole default suite: build, lint, then every test in test/ that needs no special set-up.
//   node scripts/test.mjs [--skip-lint] [file ...]
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { installRedis } from './install-redis.mjs';

/** Many times what they need, for machines that are slow or busy. */
const SUITE_TIMEOUT_MS = 20 * 60_000;
/** Suites with commands of their own. */
const SEPARATE = /^(faults|interop|soak|topologies)[\\/]/;

const args = process.argv.slice(2);
const skipLint = args.includes('--skip-lint');
const files = args.filter((arg) => !arg.startsWith('--'));
const inCi = process.env.CI === 'true';

if (!onPath('redis-server')) installRedis();
const hasRedis = onPath('redis-server');
if (!hasRedis && inCi) fail('redis-server is not on the PATH, and with CI=true no suite may be skipped.');
if (!npmRun('build')) fail('The build failed.');

const lintPassed = skipLint || npmRun('lint');
const { exitCode, results } = await runMocha(files.length > 0 ? files : defaultFiles());

if (!lintPassed) console.log('Lint failed; its messages are above, before the tests.');
if (results === undefined) fail('The tests did not come to their end.');
console.log(`\n${results.passed} passed, ${results.failed} failed, ${results.skipped} skipped`);
if (!hasRedis && results.skippedSuites.length > 0) {
  console.log(
    `Skipped, for redis-server is not on the PATH: ${results.skippedSuites.join('; ')}. ` +
      'To run them: sudo apt-get install -y redis-server && npm test',
  );
}
process.exitCode = exitCode === 0 && lintPassed ? 0 : 1;

function defaultFiles() {
  return readdirSync('test', { recursive: true })
    .filter((path) => path.endsWith('.test.ts') && !SEPARATE.test(path))
    .sort()
    .map((path) => join('test', path));
}

/** Runs mocha in a process group of its own, so that what the tests leave behind can be ended with it. */
async function runMocha(specs) {
  const directory = mkdtempSync(join(tmpdir(), 'rollcall-test-'));
  const resultsFile = join(directory, 'results.json');
  const mocha = spawn(
    process.execPath,
    [
      'node_modules/mocha/bin/mocha.js',
      '--forbid-only',
      ...['--reporter', './scripts/reporter.mjs', '--reporter-option', `results=${resultsFile}`],
      ...specs,
    ],
    { stdio: ['ignore', 'inherit', 'inherit'], detached: true },
  );
  const signalGroup = (signal) => {
    try {
      return process.kill(-mocha.pid, signal);
    } catch {
      return false; // Nobody is left in it.
    }
  };
  const killGroup = () => signalGroup('SIGKILL');
  const watchdog = setTimeout(() => {
    console.error(`The tests took longer than ${SUITE_TIMEOUT_MS / 60_000} minutes and were killed.`);
    killGroup();
  }, SUITE_TIMEOUT_MS);
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, killGroup);
  try {
    const exitCode = await new Promise((resolve, reject) => {
      mocha.once('error', reject);
      mocha.once('exit', resolve);
    });
    if (await outlives(signalGroup)) {
      console.error('The tests left processes running, which were killed.');
      killGroup();
      return { exitCode: 1, results: readJson(resultsFile) };
    }
    return { exitCode, results: readJson(resultsFile) };
  } finally {
    clearTimeout(watchdog);
    rmSync(directory, { recursive: true });
  }
}

/** Whether the process group is still there a moment later. */
async function outlives(signalGroup) {
  for (let tries = 0; signalGroup(0); tries++) {
    if (tries === 20) return true;
    await sleep(100);
  }
  return false;
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

function npmRun(script) {
  return spawnSync('npm', ['run', '--silent', script], { stdio: 'inherit' }).status === 0;
}

function onPath(program) {
  return (process.env.PATH ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
