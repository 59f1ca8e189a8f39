import { setTimeout as sleep } from 'node:timers/promises';
import type { BarId } from './bars.ts';
import { WEB_INSTANCE } from './catalog.ts';
import { Crowd } from './crowd.ts';
import { send, type CapturedAnswer } from './http-request.ts';
import { sendAll } from './http-rows.ts';
import { compareCosts, type Row } from './measure.ts';
import { memoryOf, stallMsOf } from './probes.ts';
import { here, RUN_TYPESCRIPT, startProgram, startRollcall, WITH_PROBE, type Program } from './programs.ts';
import type { Run } from './run.ts';

const INSTANCES = 2;
const SETTLE_WITHIN_MS = 120_000;
const HEALTH = '/v1/health/service/web?passing';
const WATCH = '/api/v1/services/web/ring/watch';

/** What became of a crowd of readers of one server. */
interface Outcome {
  readonly kbEach: number;
  /** By change. */
  readonly toldMs: readonly number[];
  readonly stallMs: readonly number[];
}

/** How readers are served: Rollcall's way, and the reference's. */
interface Server {
  readonly program: Program;
  readonly port: number;
  /** Makes change `round`, of which all readers are told, and returns what is in the news. */
  readonly change: (round: number) => Promise<void>;
}

/** One kind of reader. */
interface Kind {
  readonly group: string;
  /** What a reader sends, once it is known which index it has seen. */
  readonly request: (index: string) => string;
  /** Whether it has to ask again when it has been told. */
  readonly asksAgain: boolean;
  readonly bars: Readonly<Partial<Record<'told' | 'stall' | 'memory', BarId>>>;
}

const BLOCKED: Kind = {
  group: 'blocked readers of one service',
  request: (index) => get(`${HEALTH}&index=${index}&wait=10m`),
  asksAgain: true,
  bars: { told: 'waiters-answered', stall: 'waiters-stall', memory: 'waiters-memory' },
};
const SUBSCRIBED: Kind = {
  group: 'subscribers of one ring, server-sent events',
  request: () => get(WATCH),
  asksAgain: false,
  bars: {},
};

/** Readers that wait for a change of one service, each change answered to all of them. */
export async function waiterRows(run: Run, count: number): Promise<Row[]> {
  return crowdRows(run, count, BLOCKED);
}

/** Readers of the event stream of one ring. */
export async function subscriberRows(run: Run, count: number): Promise<Row[]> {
  return crowdRows(run, count, SUBSCRIBED);
}

async function crowdRows(run: Run, count: number, kind: Kind): Promise<Row[]> {
  const rollcall = await startRollcall(run, undefined, {
    ROLLCALL_HTTP_MAX_CONNS_PER_CLIENT: String(count + 100),
  });
  await sendAll(rollcall.httpPort, INSTANCES, WEB_INSTANCE);
  const answer = await send(rollcall.httpPort, { method: 'GET', path: HEALTH }, 0);
  const change = async (round: number) => {
    await send(rollcall.httpPort, WEB_INSTANCE, round);
  };
  const ours = await outcomeOf(
    { program: rollcall.program, port: rollcall.httpPort, change },
    run,
    count,
    kind,
  );
  await rollcall.stop();
  const reference = await referenceOutcome(run, count, kind, answer);
  const row = { group: `${count.toLocaleString('en')} ${kind.group}`, referenceName: 'bare node:http' };
  const { told, stall, memory } = kind.bars;
  return [
    compareCosts(
      { ...row, name: 'all told of a change', unit: 'ms', bar: told },
      ours.toldMs,
      reference.toldMs,
    ),
    compareCosts({ ...row, name: 'longest stall', unit: 'ms', bar: stall }, ours.stallMs, reference.stallMs),
    compareCosts(
      { ...row, name: 'memory of each', unit: 'kB', bar: memory },
      [ours.kbEach],
      [reference.kbEach],
    ),
  ];
}

/** The same with a server that only holds the readers and sends all of them the same bytes at once. */
async function referenceOutcome(
  run: Run,
  count: number,
  kind: Kind,
  answer: CapturedAnswer,
): Promise<Outcome> {
  const bare = [...RUN_TYPESCRIPT, ...WITH_PROBE, here('bare-crowd.ts')] as const;
  const program = await startProgram(run.onServerCore(bare));
  const port = Number(program.firstLine);
  const change = async (round: number) => {
    const body = Buffer.from(`${Buffer.from(answer.bodyBase64, 'base64').toString()}${newsOf(round)}`);
    const headers = ['Content-Length', String(body.length), 'X-Consul-Index', String(round)];
    await program.ask({ status: 200, headers, bodyBase64: body.toString('base64') });
    await send(port, { method: 'PUT', path: '/' }, 0);
  };
  const outcome = await outcomeOf({ program, port, change }, run, count, kind);
  await program.stop();
  return outcome;
}

async function outcomeOf(server: Server, run: Run, count: number, kind: Kind): Promise<Outcome> {
  const { program, port, change } = server;
  const before = await memoryOf(program);
  const crowd = await Crowd.open(port, count, kind.request(await indexOf(port)));
  await untilWaiting(port, kind, count);
  const kbEach = ((await memoryOf(program)).rss - before.rss) / count / 1000;
  await stallMsOf(program);
  const toldMs: number[] = [];
  const stallMs: number[] = [];
  // The first one is not counted.
  for (let round = 0; round <= run.rounds; round++) {
    await sleep(200);
    await stallMsOf(program);
    const told = crowd.told(newsOf(INSTANCES + round));
    const sentAt = performance.now();
    await change(INSTANCES + round);
    const lastAt = await told;
    if (round > 0) {
      toldMs.push(lastAt - sentAt);
      stallMs.push(await stallMsOf(program));
    }
    if (!kind.asksAgain) continue;
    crowd.ask(kind.request(await indexOf(port)));
    await untilWaiting(port, kind, count);
  }
  crowd.close();
  return { kbEach, toldMs, stallMs };
}

/** What only those have read who were told of that change. */
function newsOf(round: number): string {
  return `web-${String(round).padStart(9, '0')}`;
}

function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
}

async function indexOf(port: number): Promise<string> {
  const { headers } = await send(port, { method: 'GET', path: HEALTH }, 0);
  const at = headers.findIndex((name) => name.toLowerCase() === 'x-consul-index');
  return at < 0 ? '1' : (headers[at + 1] ?? '1');
}

/** Waits until the server says that it has all the readers; of streams nobody counts, so they get a moment. */
async function untilWaiting(port: number, kind: Kind, count: number): Promise<void> {
  if (!kind.asksAgain) {
    await sleep(2000);
    return;
  }
  for (const deadline = performance.now() + SETTLE_WITHIN_MS; performance.now() < deadline;) {
    const { bodyBase64 } = await send(port, { method: 'GET', path: '/api/v1/status' }, 0);
    const { waiters } = JSON.parse(Buffer.from(bodyBase64, 'base64').toString()) as { waiters: number };
    if (waiters >= count) return;
    await sleep(50);
  }
  throw new Error('not all readers came to wait');
}
