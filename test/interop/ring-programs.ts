import { Agent, request } from 'node:http';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { packageDirectory } from '../support/interop-packages.ts';
import type { Backend } from './dns-programs.ts';

export const KEYS = 1000;
const ASK_TIMEOUT_MS = 5000;
const CONNECTIONS = 8;
const ALPHABET = Array.from(
  'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~:/@+äßλж中文日本語🙂🚀',
);
const ASCII = ALPHABET.indexOf('ä');

/** The seed of this run's keys: new each time, or `ROLLCALL_TEST_SEED`. */
export function chooseSeed(): number {
  return Number(process.env['ROLLCALL_TEST_SEED']?.split(',')[0] ?? Math.floor(Math.random() * 2 ** 31));
}

/** Distinct keys of 1 to 40 characters, some of them not ASCII; a case of its own for each `stream`. */
export function randomKeys(seed: number, stream: number): string[] {
  let state = (seed + Math.imul(stream, 0x9e3779b9)) | 0;
  const below = (limit: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
  const keys = new Set<string>();
  while (keys.size < KEYS) {
    const characters = below(4) === 0 ? ALPHABET.length : ASCII;
    const letters = Array.from({ length: 1 + below(40) }, () => ALPHABET[below(characters)]);
    keys.add(letters.join(''));
  }
  return [...keys];
}

/** What the program on a port answers for each key, which it is sent in the header `X-Key`. */
export async function askByHeader(port: number, path: string, keys: readonly string[]): Promise<string[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  try {
    return await Promise.all(keys.map((key) => ask(agent, port, path, key)));
  } finally {
    agent.destroy();
  }
}

function ask(agent: Agent, port: number, path: string, key: string): Promise<string> {
  // Node sends one byte per character of a header.
  const headers = { 'X-Key': Buffer.from(key).toString('latin1') };
  return new Promise((resolve, reject) => {
    const sent = request({ agent, host: '127.0.0.1', port, path, headers }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode === 200) resolve(body);
        else reject(new Error(`status ${String(response.statusCode)} for ${key}`));
      });
    });
    sent.setTimeout(ASK_TIMEOUT_MS, () => sent.destroy(new Error(`no answer for ${key}`)));
    sent.on('error', reject);
    sent.end();
  });
}

/**
 * The command of HAProxy 3.0, of Debian 13; it brings its libraries along, since the machine's may be older.
 *
 * Throws where it cannot be downloaded.
 */
export function haproxy3(): readonly string[] {
  const directoryOf = (name: string) => packageDirectory('trixie', name);
  const libraries = ['libc6', 'libssl3t64', 'liblua5.4-0'].map((name) =>
    join(directoryOf(name), 'usr/lib/x86_64-linux-gnu'),
  );
  const path = [...libraries, '/usr/lib/x86_64-linux-gnu', '/lib/x86_64-linux-gnu'].join(':');
  const loader = join(libraries[0] ?? '', 'ld-linux-x86-64.so.2');
  return [loader, '--library-path', path, join(directoryOf('haproxy'), 'usr/sbin/haproxy')];
}

/** A server of Redis' protocol that answers every GET with its own name. */
export async function startRedisBackend(name: string): Promise<Backend> {
  const sockets = new Set<{ destroy(): void }>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    let pending = '';
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      // "*2 $3 GET $n key", each on a line; keys hold no line ends.
      const lines = (pending + chunk.toString('latin1')).split('\r\n');
      pending = lines.splice(Math.floor((lines.length - 1) / 5) * 5).join('\r\n');
      socket.write(`$${String(name.length)}\r\n${name}\r\n`.repeat(lines.length / 5));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    name,
    host: '127.0.0.1',
    port,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** What a proxy of Redis' protocol answers for each key. */
export async function askByGet(port: number, keys: readonly string[]): Promise<(string | null)[]> {
  const options = { protocol: 2, enableReadyCheck: false, disableClientInfo: true } as const;
  const client = new Redis(port, '127.0.0.1', { ...options, commandTimeout: ASK_TIMEOUT_MS });
  client.on('error', () => undefined);
  try {
    return await Promise.all(keys.map((key) => client.get(key)));
  } finally {
    client.disconnect();
  }
}
