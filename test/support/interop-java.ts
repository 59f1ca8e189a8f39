import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import { installPackages, javaPrograms } from './interop-packages.ts';
import { startDialogue, type Dialogue } from './interop-program.ts';

/** How long a Spring Boot application may take to start on a busy machine. */
export const STARTS_WITHIN_MS = 120_000;

/** Small and quick to start. */
const JVM = ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Djava.net.preferIPv4Stack=true'];

/** The programs of test/fixtures/eureka-java and their main classes. */
const PROGRAMS = {
  'netflix-client': 'rollcall.NetflixClient',
  'spring-client': 'rollcall.SpringClient',
  'spring-server': 'rollcall.SpringServer',
} as const;

/** Fails, saying what to install, where Java or Maven is missing and cannot be installed. */
export function requireJava(): void {
  if (!isThere()) installPackages('default-jdk-headless', 'maven');
  if (!isThere())
    throw new Error('These tests need Java 17 and Maven: apt-get install default-jdk-headless maven');
}

function isThere(): boolean {
  return ['javac', 'mvn'].every((program) => spawnSync(program, ['-version']).status === 0);
}

/** Starts one of the programs, which is built where it is not up to date. */
export function startJava(
  program: keyof typeof PROGRAMS,
  properties: Readonly<Record<string, string | number | boolean>>,
): Dialogue {
  const built = join(javaPrograms(), program);
  const classpath = `${join(built, 'classes')}:${readFileSync(join(built, 'classpath'), 'utf8')}`;
  const defined = Object.entries(properties).map(([name, value]) => `-D${name}=${String(value)}`);
  return startDialogue('java', [...JVM, ...defined, '-cp', classpath, PROGRAMS[program]]);
}

/** Starts a Spring Boot application on a free port, and resolves with the port once it serves. */
export async function startSpring(
  program: 'spring-client' | 'spring-server',
  properties: Readonly<Record<string, string | number | boolean>>,
): Promise<{ readonly port: number; readonly program: Dialogue }> {
  const started = startJava(program, {
    'server.port': 0,
    'server.address': '127.0.0.1',
    'spring.main.banner-mode': 'off',
    'spring.jmx.enabled': false,
    ...properties,
  });
  const port = await eventually(
    () => {
      if (!started.lines.some((line) => /Started Spring(Client|Server) in/.test(line))) return undefined;
      const line = started.lines.find((each) => /Tomcat started on port/.test(each)) ?? '';
      return Number(/port (\d+)/.exec(line)?.[1]);
    },
    `${program} has started`,
    STARTS_WITHIN_MS,
  );
  return { port, program: started };
}
