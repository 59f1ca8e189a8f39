import { gunzipSync } from 'node:zlib';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BarId } from './bars.ts';
import { loadHttp } from './http-load.ts';
import { send, type BenchRequest, type CapturedAnswer } from './http-request.ts';
import { untilAtRest, type Target } from './load.ts';
import { compareRates, type Row } from './measure.ts';
import type { Peer } from './peers.ts';
import { here, RUN_TYPESCRIPT, startProgram, type Program, type Rollcall } from './programs.ts';
import type { Run } from './run.ts';

const MENTIONS_WITHIN_MS = 10_000;
const WARM_UP_ROUNDS = 10;
const WARM_UP_SECONDS = 2;
/** Their numbers are those of no other round. */
const FIRST_WARM_UP_ROUND = 150;

/** The reference of every HTTP row: node:http that sends Rollcall's own answer back, without doing anything. */
export interface BareHttp {
  readonly program: Program;
  readonly port: number;
}

export async function startBareHttp(run: Run): Promise<BareHttp> {
  const program = await startProgram(run.onServerCore([...RUN_TYPESCRIPT, here('bare-http.ts')]));
  return { program, port: Number(program.firstLine) };
}

interface HttpRow {
  readonly group: string;
  readonly name: string;
  readonly bar?: BarId | undefined;
  readonly request: BenchRequest;
  /** A text that the answer must have for the measurement to mean anything. */
  readonly mentions?: string;
}

/** A row against another server, which may want the request in words of its own. */
export interface PeerRow extends HttpRow {
  readonly peerRequest?: BenchRequest;
}

/** Measures one kind of request on Rollcall against the bare server, which sends the same bytes. */
export async function httpRow(run: Run, rollcall: Rollcall, bare: BareHttp, row: HttpRow): Promise<Row> {
  await bare.program.ask(await answerThatMentions(rollcall.httpPort, row.request, row.mentions));
  const reference = { port: bare.port, pid: bare.program.pid };
  return contest(run, targetOf(rollcall), { ...reference, name: 'bare node:http' }, row);
}

/** Measures one kind of request on Rollcall against another server. */
export async function peerRow(run: Run, rollcall: Rollcall, peer: Peer, row: PeerRow): Promise<Row> {
  const { request, peerRequest = request, mentions } = row;
  await answerThatMentions(rollcall.httpPort, request, mentions);
  if (peerRequest.method === 'GET') await answerThatMentions(peer.port, peerRequest, mentions);
  await warmUp(peer, peerRequest, peer.warmUpRequests ?? 0);
  return contest(run, targetOf(rollcall), peer, row);
}

/** Loads a server until it has answered so many requests, or for long enough. */
export async function warmUp(target: Target, request: BenchRequest, requests: number): Promise<void> {
  let left = requests;
  for (let round = 0; left > 0 && round < WARM_UP_ROUNDS; round++) {
    const { perSecond } = await loadHttp(target, request, WARM_UP_SECONDS, FIRST_WARM_UP_ROUND + round);
    left -= perSecond * WARM_UP_SECONDS;
  }
}

async function contest(
  run: Run,
  ours: Target,
  reference: Target & { readonly name: string },
  row: PeerRow,
): Promise<Row> {
  const { group, name, bar, request, peerRequest = request } = row;
  return compareRates({
    ...{ group, name, bar, unit: 'req/s', referenceName: reference.name, rounds: run.rounds },
    ours: async (round) => {
      await untilAtRest(reference);
      return loadHttp(ours, request, run.seconds, round);
    },
    reference: async (round) => {
      await untilAtRest(ours);
      return loadHttp(reference, peerRequest, run.seconds, round);
    },
  });
}

/** The answer to a request, once it has that text. */
export async function answerThatMentions(
  port: number,
  request: BenchRequest,
  text = '',
): Promise<CapturedAnswer> {
  const deadline = performance.now() + MENTIONS_WITHIN_MS;
  for (;;) {
    const answer = await send(port, request, 0);
    if (textOf(answer).includes(text)) return answer;
    if (performance.now() > deadline)
      throw new Error(`the answer to ${request.path} does not mention ${text}`);
    await sleep(100);
  }
}

function textOf({ headers, bodyBase64 }: CapturedAnswer): string {
  const body = Buffer.from(bodyBase64, 'base64');
  return (headers.includes('gzip') ? gunzipSync(body) : body).toString();
}

export function targetOf({ program, httpPort }: Rollcall): Target {
  return { port: httpPort, pid: program.pid };
}

/** Sends requests number `first` to `first + count - 1`, some at a time. */
export async function sendAll(port: number, count: number, request: BenchRequest, first = 0): Promise<void> {
  let next = first;
  const lane = async () => {
    while (next < first + count) await send(port, request, next++);
  };
  await Promise.all(Array.from({ length: 32 }, lane));
}
