import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import dnsPacket from 'dns-packet';
import { WEB_INSTANCE } from './catalog.ts';
import { sendAll } from './http-rows.ts';
import { load, onPath, writeInput, type Target } from './load.ts';
import { compareRates, type Row, type Sample } from './measure.ts';
import { here, RUN_TYPESCRIPT, startProgram, startRollcall, within } from './programs.ts';
import type { Run } from './run.ts';

const NAME = 'web.service.consul';
const INSTANCES = 10;
const ANSWER_WITHIN_MS = 5000;

const HAS_DNSPERF = onPath('dnsperf');

/** Questions for the addresses and for the address and port of a service with ten instances, over UDP. */
export async function dnsRows(run: Run): Promise<Row[]> {
  const rollcall = await startRollcall(run);
  const bare = await startProgram(run.onServerCore([...RUN_TYPESCRIPT, here('bare-dns.ts')]));
  await sendAll(rollcall.httpPort, INSTANCES, WEB_INSTANCE);
  const ours = { port: rollcall.dnsPort, pid: rollcall.program.pid };
  const reference = { port: Number(bare.firstLine), pid: bare.pid };
  const rows: Row[] = [];
  for (const type of ['A', 'SRV'] as const) {
    const question = { name: NAME, type, edns: false };
    const answer = await answerOf(rollcall.dnsPort, question, 1);
    await bare.ask({ answerBase64: answer.toString('base64') });
    rows.push(
      await compareRates({
        group: 'DNS over UDP',
        name: `${type} of ${NAME}`,
        unit: 'queries/s',
        referenceName: 'bare UDP socket',
        rounds: run.rounds,
        ours: () => loadDns(ours, question, run.seconds),
        reference: () => loadDns(reference, question, run.seconds),
      }),
    );
  }
  await rollcall.stop();
  await bare.stop();
  return rows;
}

/** What is asked again and again. */
export interface DnsQuestion {
  readonly name: string;
  readonly type: 'A' | 'SRV';
  /** With EDNS the client takes 4096 bytes, and so every answer there is; without, the first few. */
  readonly edns: boolean;
}

function encodeQuestion({ name, type, edns }: DnsQuestion): Buffer {
  const additionals: dnsPacket.OptAnswer[] = [
    {
      type: 'OPT',
      name: '.',
      udpPayloadSize: 4096,
      extendedRcode: 0,
      ednsVersion: 0,
      flags: 0,
      flag_do: false,
      options: [],
    },
  ];
  const questions = [{ type, name }];
  return dnsPacket.encode({ type: 'query', id: 1, questions, additionals: edns ? additionals : [] });
}

/** The answer to one question; throws unless it has that many records or more. */
export async function answerOf(port: number, question: DnsQuestion, answers: number): Promise<Buffer> {
  const socket = createSocket('udp4');
  try {
    socket.send(encodeQuestion(question), port, '127.0.0.1');
    const [answer] = (await within(ANSWER_WITHIN_MS, once(socket, 'message'))) as [Buffer];
    if ((dnsPacket.decode(answer).answers ?? []).length < answers)
      throw new Error(`too few ${question.type} records of ${question.name}`);
    return answer;
  } finally {
    socket.close();
  }
}

/** Asks a server one question for so many seconds, as often as it answers. */
export async function loadDns(target: Target, question: DnsQuestion, seconds: number): Promise<Sample> {
  const { output, cpuMicros } = await load(target, generator(target.port, question, seconds), seconds);
  const { answered, perSecond } = HAS_DNSPERF ? readDnsperf(output) : readGenerator(output);
  return {
    perSecond,
    p99Ms: undefined,
    cpuMicros: cpuMicros === undefined ? undefined : cpuMicros / answered,
  };
}

function generator(port: number, question: DnsQuestion, seconds: number): readonly [string, ...string[]] {
  if (!HAS_DNSPERF) {
    const settings = [String(port), String(seconds), encodeQuestion(question).toString('base64')];
    return [...RUN_TYPESCRIPT, here('dns-generator.ts'), ...settings];
  }
  const questions = writeInput('questions', `${question.name} ${question.type}\n`);
  return [
    'dnsperf',
    '-s',
    '127.0.0.1',
    '-p',
    String(port),
    '-d',
    questions,
    '-l',
    String(seconds),
    '-c8',
    '-q64',
    ...(question.edns ? ['-e'] : []),
  ];
}

interface Answered {
  readonly answered: number;
  readonly perSecond: number;
}

function readDnsperf(output: string): Answered {
  const number = (label: string) => Number(new RegExp(`${label}:\\s+([\\d.]+)`).exec(output)?.[1] ?? NaN);
  const answered = number('Queries completed');
  const allFine = output.includes(`NOERROR ${answered} (100.00%)`);
  if (!(answered > 0) || !allFine || number('Queries lost') > 0)
    throw new Error(`DNS answers failed:\n${output}`);
  return { answered, perSecond: number('Queries per second') };
}

function readGenerator(output: string): Answered {
  const { answered, seconds, failed } = JSON.parse(output) as Record<
    'answered' | 'seconds' | 'failed',
    number
  >;
  if (answered === 0 || failed > 0) throw new Error(`${failed} DNS answers failed, ${answered} arrived`);
  return { answered, perSecond: answered / seconds };
}
