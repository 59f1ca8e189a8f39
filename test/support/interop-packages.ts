import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SCRIPTS = fileURLToPath(new URL('../../scripts/', import.meta.url));

/** The real `consul`, 1.8.7 unless `CONSUL_BIN` names another; downloaded where it is not there. */
export function consulProgram(): string {
  return printedBy('get-consul.mjs');
}

/** A program of a package of a Debian release, downloaded where it is not there. */
export function packagedProgram(release: string, packageName: string, program: string): string {
  return join(packageDirectory(release, packageName), 'usr/bin', program);
}

/** Where a package of a Debian release is unpacked, downloaded where it is not there. */
export function packageDirectory(release: string, packageName: string): string {
  return printedBy('get-package.mjs', release, packageName);
}

/** The directory of the programs of test/fixtures/eureka-java, built where they are not up to date. */
export function javaPrograms(): string {
  return printedBy('get-java-programs.mjs');
}

/** A program of a Go module, built where it is not there. */
export function goProgram(module: string, version: string): string {
  return printedBy('get-go-program.mjs', module, version);
}

/** The Python of an environment with a package of PyPI, installed where it is not there. */
export function pythonWith(packageName: string, version: string): string {
  return printedBy('get-python-package.mjs', packageName, version);
}

/** Installs packages of the machine's own release, as root on Debian; else does nothing. */
export function installPackages(...names: string[]): void {
  spawnSync(process.execPath, [join(SCRIPTS, 'install-packages.mjs'), ...names], { stdio: 'inherit' });
}

function printedBy(script: string, ...args: string[]): string {
  return execFileSync(process.execPath, [join(SCRIPTS, script), ...args], { encoding: 'utf8' }).trim();
}
