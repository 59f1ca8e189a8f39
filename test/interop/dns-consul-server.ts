import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { eventually } from '../support/eventually.ts';
import { consulProgram } from '../support/interop-packages.ts';

/** A real Consul in development mode, on ports of its own. */
export interface ConsulServer {
  readonly url: string;
  readonly dnsPort: number;
  stop(): Promise<void>;
}

/** Starts it as a node of `dc1`. */
export async function startConsul(nodeName = 'registry-1'): Promise<ConsulServer> {
  const [http, dns, server, lan, wan] = await Promise.all([1, 2, 3, 4, 5].map(freePort));
  const ports = Object.entries({ http, dns, server, 'serf-lan': lan, 'serf-wan': wan, grpc: -1 });
  const child = spawn(
    consulProgram(),
    [
      ...['agent', '-dev', `-node=${nodeName}`, '-bind=127.0.0.1', '-log-level=ERROR'],
      ...ports.map(([name, port]) => `-${name}-port=${String(port)}`),
    ],
    { stdio: 'ignore' },
  );
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const url = `http://127.0.0.1:${String(http)}`;
  await eventually(() => hasLeader(url), 'Consul has a leader', 30_000);
  return { url, dnsPort: dns ?? 0, stop: () => stop(child, kill) };
}

async function hasLeader(url: string): Promise<boolean> {
  try {
    const [leader, servers] = await Promise.all(
      ['/v1/status/leader', '/v1/catalog/service/consul'].map(async (path) =>
        (await fetch(url + path)).text(),
      ),
    );
    return leader !== '""' && servers !== '[]';
  } catch {
    return false;
  }
}

async function stop(child: ChildProcess, kill: () => void): Promise<void> {
  process.removeListener('exit', kill);
  if (child.exitCode !== null) return;
  const exit = once(child, 'exit');
  kill();
  await exit;
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
