import { rawRequest, type BenchRequest } from './http-request.ts';
import { load, onPath, writeInput, type Target } from './load.ts';
import type { Sample } from './measure.ts';
import { here, RUN_TYPESCRIPT } from './programs.ts';

const CONNECTIONS = 64;
/** Room in the numbering for the requests of one round. */
const NUMBERS_PER_ROUND = 5_000_000;

const HAS_WRK = onPath('wrk');

interface Counted {
  readonly requests: number;
  readonly seconds: number;
  readonly p99Ms: number;
  readonly errors: number;
}

/** Sends one kind of request over 64 keep-alive connections; a single error fails the run. */
export async function loadHttp(
  target: Target,
  request: BenchRequest,
  seconds: number,
  round: number,
): Promise<Sample> {
  const file = writeInput('request', rawRequest(request));
  const numbers = [file, String(round * NUMBERS_PER_ROUND + 1), String(request.keys ?? 1)];
  const { output, cpuMicros } = await load(target, generator(target.port, seconds, numbers), seconds);
  const counted = JSON.parse(output.trim().split('\n').at(-1) ?? '') as Counted;
  const { requests, errors, p99Ms } = counted;
  if (errors > 0)
    throw new Error(`${request.method} ${request.path}: ${errors} errors in ${requests} requests`);
  return {
    perSecond: requests / counted.seconds,
    p99Ms,
    cpuMicros: cpuMicros === undefined || requests === 0 ? undefined : cpuMicros / requests,
  };
}

function generator(
  port: number,
  seconds: number,
  numbers: readonly string[],
): readonly [string, ...string[]] {
  if (!HAS_WRK) {
    const settings = [port, CONNECTIONS, seconds].map(String);
    return [...RUN_TYPESCRIPT, here('http-generator.ts'), ...settings, ...numbers];
  }
  const settings = ['-t1', `-c${CONNECTIONS}`, `-d${Math.ceil(seconds)}s`, '-s', here('wrk-requests.lua')];
  return ['wrk', ...settings, `http://127.0.0.1:${port}`, '--', ...numbers];
}
