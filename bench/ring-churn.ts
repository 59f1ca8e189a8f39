import http from 'node:http';
import { startProgram, type Program } from './programs.ts';
import { scratchPath } from './scratch.ts';

/** How long the event loop of the running program is held while a large ring changes; `tsx bench/ring-churn.ts [instances]`. */

const INSTANCES = Number(process.argv[2] ?? 10_000);
const PHASE_MS = 5000;
const RING = '/api/v1/services/cart/ring';
const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });

interface Answer {
  readonly status: number;
  readonly text: string;
}

function call(port: number, method: string, path: string, body?: object): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = http.request({ host: '127.0.0.1', port, method, path, agent }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

async function register(port: number, n: number, weight = 1): Promise<void> {
  const Address = `10.${String(n >> 16)}.${String((n >> 8) & 255)}.${String(n & 255)}`;
  const body = { Name: 'cart', ID: `cart-${String(n)}`, Address, Port: 80, Weights: { Passing: weight } };
  const { status, text } = await call(port, 'PUT', '/v1/agent/service/register', body);
  if (status !== 200) throw new Error(`${String(status)} ${text}`);
}

/** Looks keys up, one after the other, until told to stop; resolves with the times they took, in ms. */
async function lookUp(port: number, isOver: () => boolean): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; !isOver(); i++) {
    const startedAt = performance.now();
    const { status } = await call(
      port,
      'GET',
      `/api/v1/services/cart/owner?key=user-${String(i)}&replicas=3`,
    );
    if (status !== 200) throw new Error(`a lookup was answered ${String(status)}`);
    times.push(performance.now() - startedAt);
  }
  return times;
}

async function phase(
  program: Program,
  port: number,
  name: string,
  work: () => Promise<unknown>,
): Promise<void> {
  await program.ask({});
  await new Promise((resolve) => setTimeout(resolve, 100));
  let isOver = false;
  const lookups = lookUp(port, () => isOver);
  await work();
  isOver = true;
  const times = (await lookups).sort((a, b) => a - b);
  const { stallMs } = (await program.ask({})) as { stallMs: number };
  const at = (share: number) => (times[Math.floor(times.length * share)] ?? 0).toFixed(1);
  console.log(
    `| ${name} | ${stallMs.toFixed(1)} | ${at(0.5)} | ${at(0.99)} | ${at(0.9999)} | ${String(times.length)} |`,
  );
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function churn(port: number, perSecond: number): Promise<void> {
  const until = performance.now() + PHASE_MS;
  for (let n = 0; performance.now() < until; n++) {
    await Promise.all([register(port, n % INSTANCES, 1 + (n % 2)), pause(1000 / perSecond)]);
  }
}

const main = new URL('../dist/main.js', import.meta.url).pathname;
const probe = new URL('./stall-probe.mjs', import.meta.url).pathname;
const program = await startProgram([process.execPath, '--import', probe, main, 'serve'], {
  ROLLCALL_HTTP_PORT: '0',
  ROLLCALL_DNS_PORT: '0',
  ROLLCALL_DATA_DIR: scratchPath('ring-churn'),
});
const port = Number(/http=\S*:(\d+)/.exec(program.firstLine)?.[1]);
for (let n = 0; n < INSTANCES; n += 100)
  await Promise.all(Array.from({ length: Math.min(100, INSTANCES - n) }, (_, i) => register(port, n + i)));
console.log(
  `| ${INSTANCES.toLocaleString('en')} instances | longest stall, CPU ms | lookup p50 ms | p99 | p99.99 | lookups |`,
);
console.log('| --- | ---: | ---: | ---: | ---: | ---: |');
await phase(program, port, 'the first lookups: the ring is built', () => pause(PHASE_MS));
await phase(program, port, 'nothing changes', () => pause(PHASE_MS));
await phase(program, port, 'one instance changes its weight each second', () => churn(port, 1));
await phase(program, port, '50 instances change their weight each second', () => churn(port, 50));
const { revision } = JSON.parse((await call(port, 'GET', RING)).text) as { revision: number };
await register(port, 5, 3);
await phase(program, port, 'the movement since a revision', () =>
  call(port, 'GET', `${RING}?since=${String(revision)}`),
);
const keys = Array.from({ length: 10_000 }, (_, i) => `user-${String(i)}`);
await phase(program, port, 'a batch of 10,000 keys', () => call(port, 'POST', `${RING}/lookup`, { keys }));
await phase(program, port, 'a preview of one member less', () =>
  call(port, 'POST', `${RING}/preview`, { remove: [{ node: 'rollcall', id: 'cart-7' }] }),
);
await phase(program, port, 'a preview of maglev with 1,000,003 entries', () =>
  call(port, 'POST', `${RING}/preview`, { policy: { algorithm: 'maglev', tableSize: 1_000_003 } }),
);
agent.destroy();
await program.stop();
