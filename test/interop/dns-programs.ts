import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { RollcallProcess } from '../support/rollcall-process.ts';

/** A program that resolves through Rollcall, in the foreground. */
export interface Program {
  stop(): Promise<void>;
}

const INSTALL_PACKAGES = fileURLToPath(new URL('../../scripts/install-packages.mjs', import.meta.url));
const LOG_CHARS = 20_000;

/** Whether a program is there; as root on Debian it is installed with apt where it is not. */
export function available(program: string, aptPackage: string): boolean {
  if (isThere(program)) return true;
  spawnSync(process.execPath, [INSTALL_PACKAGES, aptPackage], { stdio: 'inherit' });
  return isThere(program);
}

function isThere(program: string): boolean {
  return spawnSync(program, ['-v']).error === undefined;
}

export function startProgram(file: string, args: readonly string[]): Program {
  const child: ChildProcess = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => (log = (log + chunk.toString()).slice(-LOG_CHARS)));
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  return {
    stop: async () => {
      process.removeListener('exit', kill);
      if (child.exitCode !== null) throw new Error(`${file} has ended:\n${log}`);
      const exit = once(child, 'exit');
      kill();
      await exit;
    },
  };
}

/** An HTTP server that answers with its own name. */
export interface Backend {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** Port 0 is any free one. */
export async function startBackend(name: string, host = '127.0.0.1', port = 0): Promise<Backend> {
  const server: Server = createServer((_, response) => response.end(name));
  server.listen(port, host);
  await once(server, 'listening');
  const bound = (server.address() as AddressInfo).port;
  return {
    name,
    host,
    port: bound,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Registers a backend as an instance of `web`, with a check that its status is set by. */
export async function register({ url }: RollcallProcess, { name, host, port }: Backend): Promise<void> {
  const Check = { CheckID: `check-${name}`, TTL: '10m', Status: 'passing' };
  await put(`${url}/v1/agent/service/register`, { ID: name, Name: 'web', Address: host, Port: port, Check });
}

export async function deregister({ url }: RollcallProcess, { name }: Pick<Backend, 'name'>): Promise<void> {
  await put(`${url}/v1/agent/service/deregister/${name}`);
}

export async function setStatus(
  { url }: RollcallProcess,
  { name }: Pick<Backend, 'name'>,
  Status: 'passing' | 'critical',
): Promise<void> {
  await put(`${url}/v1/agent/check/update/check-${name}`, { Status });
}

async function put(url: string, body?: object): Promise<void> {
  const answer = await fetch(url, { method: 'PUT', ...(body && { body: JSON.stringify(body) }) });
  if (!answer.ok) throw new Error(`${url}: ${String(answer.status)} ${await answer.text()}`);
}

/** Which backends answer twelve requests in a row, sorted; fails where one request fails. */
export async function routedTo(port: number): Promise<string[]> {
  const names = new Set<string>();
  for (let n = 0; n < 12; n++) {
    const headers = { connection: 'close' };
    const answer = await fetch(`http://127.0.0.1:${String(port)}/`, {
      headers,
      signal: AbortSignal.timeout(2000),
    });
    if (!answer.ok) throw new Error(`status ${String(answer.status)}`);
    names.add(await answer.text());
  }
  return [...names].sort();
}
