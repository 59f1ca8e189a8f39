import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { installPackages } from './interop-packages.ts';

const LOG_CHARS = 50_000;
const STOP_WITHIN_MS = 30_000;
const POSTGRESQL = '/usr/lib/postgresql';
const SUPERUSER = { username: 'postgres', password: 'interop' };

/** Where one Patroni lives. */
export interface PatroniSettings {
  readonly name: string;
  /** A directory of its own, which PostgreSQL's account can reach. */
  readonly directory: string;
  readonly consulAddress: string;
  readonly restPort: number;
  readonly postgresPort: number;
}

/** A Patroni of the cluster `pg`, with a PostgreSQL of its own. */
export interface Patroni {
  readonly name: string;
  /** What PostgreSQL answers to a statement, as text. Throws its error. */
  sql(statement: string): string;
  log(): string;
  /** SIGTERM, which also stops PostgreSQL; whether it ended by itself in time. */
  stop(): Promise<boolean>;
}

/** Whether Patroni, PostgreSQL and an account for it are there; as root on Debian they are installed. */
export function patroniIsThere(): boolean {
  if (!isThere()) installPackages('patroni', 'python3-consul', 'postgresql');
  return isThere();
}

function isThere(): boolean {
  const programs: readonly (readonly [string, ...string[]])[] = [
    ['patroni', '--version'],
    ['/usr/bin/python3', '-c', 'import consul'],
    [postgresProgram('initdb'), '--version'],
  ];
  return account() !== undefined && programs.every(([file, ...args]) => spawnSync(file, args).status === 0);
}

/** Of the newest PostgreSQL that Debian's packages have installed. */
function postgresProgram(program: string): string {
  const versions = existsSync(POSTGRESQL) ? readdirSync(POSTGRESQL).map(Number) : [];
  return join(POSTGRESQL, String(Math.max(0, ...versions)), 'bin', program);
}

/** PostgreSQL refuses to run as root. */
function account(): { uid: number; gid: number } | undefined {
  const [own, group] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  if (own !== 0) return { uid: own, gid: group };
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith('postgres:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  return uid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
}

export function startPatroni(settings: PatroniSettings): Patroni {
  const { name, directory, postgresPort } = settings;
  const { uid, gid } = account() ?? { uid: 0, gid: 0 };
  mkdirSync(directory, { recursive: true });
  // JSON is YAML too.
  writeFileSync(join(directory, 'patroni.json'), JSON.stringify(configuration(settings)));
  chownSync(directory, uid, gid);
  const env = { PATH: process.env['PATH'], HOME: directory, LC_ALL: 'C.UTF-8' };
  const child = spawn('patroni', [join(directory, 'patroni.json')], {
    ...{ cwd: directory, uid, gid, env, stdio: ['ignore', 'pipe', 'pipe'] as const },
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (log = (log + chunk.toString()).slice(-LOG_CHARS)));
  const exit = once(child, 'exit');
  return {
    name,
    sql: (statement) => {
      const { status, stdout, stderr } = spawnSync(
        postgresProgram('psql'),
        [
          '-XAt',
          '-h',
          '127.0.0.1',
          '-p',
          String(postgresPort),
          '-U',
          SUPERUSER.username,
          '-c',
          statement,
          'postgres',
        ],
        { env: { ...env, PGPASSWORD: SUPERUSER.password }, encoding: 'utf8', timeout: 10_000 },
      );
      if (status !== 0) throw new Error(stderr);
      return stdout.trim();
    },
    log: () => log,
    stop: async () => {
      child.kill('SIGTERM');
      const ended = await Promise.race([exit.then(() => true), after(STOP_WITHIN_MS)]);
      if (!ended) endAll(child.pid, directory);
      return ended;
    },
  };
}

function configuration({ name, directory, consulAddress, restPort, postgresPort }: PatroniSettings): object {
  const rest = `127.0.0.1:${String(restPort)}`;
  const postgres = `127.0.0.1:${String(postgresPort)}`;
  return {
    scope: 'pg',
    name,
    restapi: { listen: rest, connect_address: rest },
    consul: { host: consulAddress, register_service: true },
    bootstrap: {
      dcs: { ttl: 20, loop_wait: 1, retry_timeout: 5, postgresql: { parameters: { max_connections: 20 } } },
      initdb: [{ encoding: 'UTF8' }, 'data-checksums'],
      pg_hba: ['host replication all 127.0.0.1/32 md5', 'host all all 127.0.0.1/32 md5'],
    },
    postgresql: {
      listen: postgres,
      connect_address: postgres,
      data_dir: join(directory, 'data'),
      bin_dir: dirname(postgresProgram('postgres')),
      pgpass: join(directory, 'pgpass'),
      authentication: { superuser: SUPERUSER, replication: { username: 'replicator', password: 'interop' } },
      parameters: { unix_socket_directories: directory, shared_buffers: '16MB' },
    },
    watchdog: { mode: 'off' },
  };
}

async function after(delayMs: number): Promise<false> {
  await new Promise((resolve) => setTimeout(resolve, delayMs).unref());
  return false;
}

/** PostgreSQL outlives a Patroni that is killed; its first process names itself in a file. */
function endAll(patroni: number | undefined, directory: string): void {
  const pids = [String(patroni ?? '')];
  try {
    pids.push(readFileSync(join(directory, 'data/postmaster.pid'), 'utf8').split('\n')[0] ?? '');
  } catch {
    // It has not started.
  }
  for (const pid of pids) if (pid !== '') process.kill(Number(pid), 'SIGQUIT');
}
