import { loadHttp } from './http-load.ts';
import { send, type BenchRequest } from './http-request.ts';
import { compareRates, type Row } from './measure.ts';
import { here, RUN_TYPESCRIPT, startProgram, type Program, type Rollcall } from './programs.ts';
import type { Run } from './run.ts';

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
  readonly request: BenchRequest;
  /** A text that the answer must have for the measurement to mean anything. */
  readonly mentions?: string;
}

/** Measures one kind of request on Rollcall against the bare server, which sends the same bytes. */
export async function httpRow(run: Run, rollcall: Rollcall, bare: BareHttp, row: HttpRow): Promise<Row> {
  const { group, name, request, mentions = '' } = row;
  const answer = await send(rollcall.httpPort, request, 0);
  if (!Buffer.from(answer.bodyBase64, 'base64').includes(mentions)) {
    throw new Error(`the answer to ${request.path} does not mention ${mentions}`);
  }
  await bare.program.ask(answer);
  const ours = { port: rollcall.httpPort, pid: rollcall.program.pid };
  const reference = { port: bare.port, pid: bare.program.pid };
  return compareRates({
    group,
    name,
    unit: 'req/s',
    referenceName: 'bare node:http',
    rounds: run.rounds,
    ours: (round) => loadHttp(ours, request, run.seconds, round),
    reference: (round) => loadHttp(reference, request, run.seconds, round),
  });
}

/** Sends request number 0 to `count - 1`, some at a time. */
export async function sendAll(port: number, count: number, request: BenchRequest): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < count) await send(port, request, next++);
  };
  await Promise.all(Array.from({ length: 32 }, lane));
}
