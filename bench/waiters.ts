// npm run build && npx tsx bench/waiters.ts [--waiters 10000]
// Opens blocked readers of one service, changes it once, and tells how all of them were answered.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { parseArgs } from 'node:util';
import { WEB_INSTANCE } from './catalog.ts';
import { send } from './http-request.ts';
import { sendAll } from './http-rows.ts';
import { here, startProgram, within, type Program } from './programs.ts';
import { scratchPath } from './scratch.ts';

const INSTANCES = 10;
const OPEN_AT_ONCE = 200;
const SETTLE_WITHIN_MS = 120_000;
const PATH = '/v1/health/service/web?passing';

interface Report {
  readonly rss: number;
  /** Longest time that the event loop was held since the last report. */
  readonly stallMs: number;
}

/** One blocked reader: a connection with one request on it. */
class Waiter {
  readonly socket: Socket;
  /** Resolves with the whole answer and when it had come. */
  readonly answer: Promise<{ readonly text: string; readonly atMs: number }>;

  constructor(socket: Socket) {
    this.socket = socket;
    this.answer = new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let missing: number | undefined;
      socket.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        missing = missing === undefined ? missingAfter(chunk) : missing - chunk.length;
        if (missing <= 0)
          resolve({ text: Buffer.concat(chunks).toString('latin1'), atMs: performance.now() });
      });
      socket.on('error', reject);
      socket.on('close', () => reject(new Error('a reader was cut off')));
    });
    this.answer.catch(() => undefined);
  }
}

/** How much of an answer is to come after its first chunk, which always has the whole head. */
function missingAfter(chunk: Buffer): number {
  const head = chunk.toString('latin1', 0, chunk.indexOf('\r\n\r\n'));
  const [, lengthBytes] = /content-length: (\d+)/i.exec(head) ?? [];
  return head.length + 4 + Number(lengthBytes) - chunk.length;
}

const { values } = parseArgs({ options: { waiters: { type: 'string', default: '10000' } } });
const count = Number(values.waiters);
const { program, httpPort } = await startServer();
await sendAll(httpPort, INSTANCES, WEB_INSTANCE);
const index = await indexOf(httpPort);
const before = await reportOf(program);
const waiters = await openAll(httpPort, index);
await untilBlocked(httpPort);
const blocked = await reportOf(program);

const changedAtMs = performance.now();
await send(httpPort, WEB_INSTANCE, INSTANCES);
const acknowledgedAtMs = performance.now();
const answers = await within(SETTLE_WITHIN_MS, Promise.all(waiters.map(({ answer }) => answer)));
const after = await reportOf(program);
for (const { text } of answers) requireNews(text);
for (const { socket } of waiters) socket.removeAllListeners('close').destroy();
await program.stop();

const times = answers.map(({ atMs }) => atMs - changedAtMs).sort((a, b) => a - b);
const kbPerWaiter = (blocked.rss - before.rss) / count / 1000;
console.log(`${String(count)} blocked readers of one service, ${String(INSTANCES)} instances
  resident set            ${mb(before.rss)} before, ${mb(blocked.rss)} with all of them: ${kbPerWaiter.toFixed(1)} kB each
  the change acknowledged ${ms(acknowledgedAtMs - changedAtMs)} after it was sent
  readers answered        first ${ms(times[0] ?? 0)}, median ${ms(times[times.length >> 1] ?? 0)}, last ${ms(times.at(-1) ?? 0)}; all of them, with the news
  longest stall           ${ms(blocked.stallMs)} while they came, ${ms(after.stallMs)} while they were answered`);

async function startServer(): Promise<{ program: Program; httpPort: number }> {
  const options = ['--expose-gc', '--import', here('waiters-probe.mjs')];
  const started = await startProgram([process.execPath, ...options, here('../dist/main.js'), 'serve'], {
    ROLLCALL_HTTP_PORT: '0',
    ROLLCALL_DNS_PORT: '0',
    ROLLCALL_DATA_DIR: scratchPath('waiters'),
    ROLLCALL_LOG_LEVEL: 'warn',
    ROLLCALL_HTTP_MAX_CONNS_PER_CLIENT: String(count + 100),
  });
  return { program: started, httpPort: Number(/http=\S*:(\d+)/.exec(started.firstLine)?.[1]) };
}

async function reportOf(server: Program): Promise<Report> {
  return (await server.ask({})) as Report;
}

async function indexOf(port: number): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${String(port)}${PATH}`);
  await answer.arrayBuffer();
  return answer.headers.get('x-consul-index') ?? '';
}

async function openAll(port: number, from: string): Promise<Waiter[]> {
  const opened: Waiter[] = [];
  const request = `GET ${PATH}&index=${from}&wait=10m HTTP/1.1\r\nHost: localhost\r\n\r\n`;
  while (opened.length < count) {
    const missing = Math.min(OPEN_AT_ONCE, count - opened.length);
    const batch = Array.from({ length: missing }, async () => {
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      socket.write(request);
      return new Waiter(socket);
    });
    opened.push(...(await within(SETTLE_WITHIN_MS, Promise.all(batch))));
  }
  return opened;
}

/** Waits until the registry says that it has all the readers. */
async function untilBlocked(port: number): Promise<void> {
  for (const deadline = performance.now() + SETTLE_WITHIN_MS; performance.now() < deadline;) {
    const status = (await (await fetch(`http://127.0.0.1:${String(port)}/api/v1/status`)).json()) as {
      waiters: number;
    };
    if (status.waiters >= count) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('not all readers came to wait');
}

function requireNews(text: string): void {
  const instances = text.split('"ID":"web-').length - 1;
  if (!text.startsWith('HTTP/1.1 200') || instances !== INSTANCES + 1)
    throw new Error(`a reader was answered without the news: ${text}`);
}

function mb(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}

function ms(value: number): string {
  return `${value.toFixed(0)} ms`;
}
