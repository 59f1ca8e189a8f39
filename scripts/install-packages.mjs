// Installs Debian packages where that is allowed: on Debian or Ubuntu, as root. No service is started.
//   node scripts/install-packages.mjs <package> ...
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';

/** Debian asks this program whether an installed service may be started; 101 means no. */
const POLICY = '/usr/sbin/policy-rc.d';

/** Does nothing where it is not allowed. */
export function installPackages(...packages) {
  const allowed = existsSync('/usr/bin/apt-get') && process.getuid?.() === 0;
  if (!allowed) return;
  console.log(`Installing ${packages.join(' and ')} with apt-get.`);
  const ownPolicy = !existsSync(POLICY);
  if (ownPolicy) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    apt('update', '--quiet=2');
    apt('install', '--quiet=2', '--yes', '--no-install-recommends', ...packages);
  } finally {
    if (ownPolicy) rmSync(POLICY);
  }
}

/** A failure is not ours to judge: what is missing afterwards, the caller sees. */
function apt(...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  spawnSync('apt-get', args, { env, stdio: ['ignore', 'ignore', 'inherit'], timeout: 180_000 });
}

if (import.meta.filename === process.argv[1]) installPackages(...process.argv.slice(2));
