import { expect } from 'chai';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { ERROR_CODES } from '../../src/core/index.ts';
import { CANARY, FuzzRequests, type FuzzRequest } from '../support/fuzz-requests.ts';
import { send } from '../support/http.ts';
import {
  cleanUp,
  startRollcall,
  temporaryDirectory,
  type RollcallProcess,
} from '../support/rollcall-process.ts';
import { fractionsOf } from '../protocols/dns/fractions.ts';

/** `npm run test:fuzz` sets more. */
const REQUESTS = Number(process.env['FUZZ_REQUESTS'] ?? 20_000);
const SEED = Number(process.env['FUZZ_SEED'] ?? 0x5eed);
const FIRST = Number(process.env['FUZZ_FIRST'] ?? 0);
/** Only the default number of requests is bounded by time, for slow machines. */
const MOST_MS = process.env['FUZZ_REQUESTS'] === undefined ? 20_000 : Infinity;
const BATCH = 500;
const AT_ONCE = 24;
const CUT_MS = 250;
const ANSWER_WITHIN_MS = 20_000;
const MAX_HEAP_MB = 256;
const MAX_RSS_BYTES = 640 * 1024 * 1024;
const DIALECTS = ['native', 'consul', 'eureka'];
const WITNESS = ['/v1/catalog/service/witness', '/v1/health/service/witness', '/eureka/apps/witness'];

describe('http: fuzz', function () {
  this.timeout(120_000 + REQUESTS * 10);
  let node: RollcallProcess;

  before(async () => {
    node = await startRollcall({ DATA_DIR: await temporaryDirectory(), LOG_LEVEL: 'debug' }, ['serve'], {
      env: { NODE_OPTIONS: `--max-old-space-size=${MAX_HEAP_MB}` },
    });
    await send(node.httpPort, 'PUT', '/v1/catalog/register', {
      body: JSON.stringify({
        Node: 'witness',
        Address: '10.0.0.1',
        Service: { Service: 'witness', Port: 80 },
      }),
    });
  });
  after(cleanUp);

  it(`answers up to ${REQUESTS} broken requests in the words of its dialects, and lives`, async () => {
    const requests = new FuzzRequests(DIALECTS);
    const expected = await witness(node.httpPort);
    const statuses = new Map<string, number>();
    const until = performance.now() + MOST_MS;
    let made = FIRST;
    while (made < FIRST + REQUESTS && performance.now() < until) {
      const end = Math.min(made + BATCH, FIRST + REQUESTS);
      const numbers = Array.from({ length: end - made }, (_, at) => made + at);
      made = end;
      await eachAtOnce(numbers, async (number) => {
        const request = requests.make(fractionsOf(SEED ^ Math.imul(number, 0x9e3779b1)));
        const answer = await exchange(node.httpPort, request);
        const fault = faultOf(request, answer);
        if (fault !== undefined)
          throw new Error(`${fault}\n${replay(number, request)}\n${answer.slice(0, 1500)}`);
        const status = `${request.dialect} ${/^HTTP\/1\.1 (\d)/.exec(answer)?.[1] ?? 'cut'}`;
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      });
      expect(await witness(node.httpPort), `after request ${made} of seed ${SEED}`).to.deep.equal(expected);
      expect(faultOfLog(node.log()), `before request ${made} of seed ${SEED}`).to.equal(undefined);
    }
    expect(await residentBytes(node.httpPort)).to.be.lessThan(MAX_RSS_BYTES);
    // What is sent is broken enough to be refused, and sound enough to be taken.
    if (made - FIRST < 2000) return;
    for (const dialect of DIALECTS)
      for (const kind of ['2', '4'])
        expect(statuses.get(`${dialect} ${kind}`), `${dialect} ${kind}xx`).to.be.greaterThan(50);
  });
});

function replay(number: number, { what }: FuzzRequest): string {
  return `FUZZ_SEED=${SEED} FUZZ_FIRST=${number} FUZZ_REQUESTS=1 sends again: ${what}`;
}

async function witness(port: number): Promise<string[]> {
  const answers = await Promise.all(WITNESS.map((path) => send(port, 'GET', path)));
  return answers.map(({ status, text }) => `${status} ${text}`);
}

async function residentBytes(port: number): Promise<number> {
  const { text } = await send(port, 'GET', '/metrics');
  return Number(/^process_resident_memory_bytes\S* (\S+)/m.exec(text)?.[1]);
}

async function eachAtOnce(numbers: number[], work: (number: number) => Promise<void>): Promise<void> {
  const left = [...numbers];
  const worker = async () => {
    for (let number = left.shift(); number !== undefined; number = left.shift()) await work(number);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** Sends a request and resolves with all that comes back, as Latin-1. */
function exchange(port: number, { parts, isBrokenHttp, mayWait, what }: FuzzRequest): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1');
    const isCut = mayWait || isBrokenHttp;
    const timer = setTimeout(
      () => {
        socket.destroy(isCut ? undefined : new Error(`no answer to ${what}`));
      },
      isCut ? CUT_MS : ANSWER_WITHIN_MS,
    );
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // The node answers what it refuses and hangs up, though there is more to be read.
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error);
    });
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(Buffer.concat(chunks).toString('latin1'));
    });
    void (async () => {
      for (const part of parts) {
        if (socket.writable) socket.write(part);
        if (parts.length > 1) await pause(20);
      }
    })();
  });
}

/** What answers give away, or do not say as they should. */
function faultOf(request: FuzzRequest, answers: string): string | undefined {
  if (answers === '') return request.isBrokenHttp || request.mayWait ? undefined : 'no answer';
  const faults = answers.split(/(?=HTTP\/1\.1 \d{3} [A-Z])/).map((answer) => faultOfOne(request, answer));
  return faults.find((fault) => fault !== undefined);
}

function faultOfOne({ dialect, what }: FuzzRequest, answer: string): string | undefined {
  const at = answer.indexOf('\r\n\r\n');
  const [head, body] = [answer.slice(0, at), answer.slice(at + 4)];
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]);
  // What is monitored is the log.
  if (!what.includes('/monitor') && /\n\s+at \S+ \(|node_modules|node:internal|file:\/\//.test(body))
    return 'an answer with a stack trace';
  if (body.includes(CANARY)) return 'an answer with a token';
  if (/\r\nX-Injected/i.test(head)) return 'an answer with a header that was injected';
  if (/"code":"internal"|Internal error; see the log/.test(body) || body === ERROR_CODES.internal.title)
    return 'an internal error';
  if (status < 400 || status === 404 || isNodes(head)) return undefined;
  const type = /\r\ncontent-type: ([^;\r]+)/i.exec(head)?.[1];
  if (dialect === 'native') return type === 'application/problem+json' ? undefined : `a problem as ${type}`;
  return type === undefined || /^(text\/plain|application\/(json|xml))$/.test(type)
    ? undefined
    : `an error as ${type}`;
}

/** Whether node itself refused it, ahead of the program. */
function isNodes(head: string): boolean {
  return /^HTTP\/1\.1 (400|408|413|417|431) [^\r]*\r\nConnection: close$/.test(head);
}

function faultOfLog(log: string): string | undefined {
  if (log.includes(CANARY)) return 'a token in the log';
  return log
    .split('\n')
    .find((line) => line.includes('"level":50') || /unhandled|uncaught|MaxListeners/i.test(line));
}
