import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import packet from 'dns-packet';

const ANSWER_TIMEOUT_MS = 10_000;

export interface AskOptions {
  /** No EDNS unless given. */
  readonly ednsSizeBytes?: number;
  readonly tcp?: boolean;
}

/** What dns-packet makes of the bytes of an answer; sections as readable lines. */
export interface Answered {
  readonly bytes: Buffer;
  readonly rcode: number;
  readonly authoritative: boolean;
  readonly truncated: boolean;
  readonly answers: readonly string[];
  readonly authorities: readonly string[];
  /** Less the OPT record. */
  readonly additionals: readonly string[];
  readonly ednsSizeBytes: number | undefined;
}

/** Encodes a query; `type` may be any that dns-packet knows. */
export function queryFor(name: string, type: string, { ednsSizeBytes }: AskOptions = {}): Buffer {
  const additionals: packet.OptAnswer[] =
    ednsSizeBytes === undefined
      ? []
      : [
          {
            type: 'OPT',
            name: '.',
            udpPayloadSize: ednsSizeBytes,
            extendedRcode: 0,
            ednsVersion: 0,
            flags: 0,
            flag_do: false,
            options: [],
          },
        ];
  return packet.encode({
    type: 'query',
    id: 4711,
    flags: packet.RECURSION_DESIRED,
    questions: [{ name, type: type as packet.RecordType }],
    additionals,
  });
}

/** Asks a server on 127.0.0.1 over a socket of its own. */
export async function ask(
  port: number,
  name: string,
  type: string,
  options: AskOptions = {},
): Promise<Answered> {
  const query = queryFor(name, type, options);
  return decodeAnswer(options.tcp ? await askTcp(port, query) : await askUdp(port, query));
}

export async function askUdp(port: number, query: Buffer): Promise<Buffer> {
  const socket = createSocket('udp4');
  try {
    const answered = once(socket, 'message', { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
    socket.send(query, port, '127.0.0.1');
    const [answer] = (await answered) as [Buffer];
    return answer;
  } finally {
    socket.close();
  }
}

async function askTcp(port: number, query: Buffer): Promise<Buffer> {
  const stream = await TcpClient.open(port);
  try {
    stream.send(framed(query));
    return await stream.next();
  } finally {
    stream.socket.destroy();
  }
}

/** A DNS message with the length that goes before it on TCP. */
export function framed(message: Buffer): Buffer {
  const prefix = Buffer.alloc(2);
  prefix.writeUInt16BE(message.length);
  return Buffer.concat([prefix, message]);
}

/** A connection that hands out whole messages. */
export class TcpClient {
  readonly socket: Socket;
  closed = false;
  #received = Buffer.alloc(0);
  #wake: () => void = () => undefined;

  static async open(port: number): Promise<TcpClient> {
    const socket = connect(port, '127.0.0.1');
    const client = new TcpClient(socket);
    await once(socket, 'connect');
    return client;
  }

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed = true;
      this.#wake();
    });
  }

  send(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  /** The next whole message; fails when the server closed before it came. */
  async next(): Promise<Buffer> {
    for (;;) {
      const end = this.#received.length < 2 ? Infinity : 2 + this.#received.readUInt16BE(0);
      if (this.#received.length >= end) {
        const message = this.#received.subarray(2, end);
        this.#received = this.#received.subarray(end);
        return message;
      }
      if (this.closed) throw new Error('closed before the answer came');
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

export function decodeAnswer(bytes: Buffer): Answered {
  const message = packet.decode(bytes);
  const header = bytes.readUInt16BE(2);
  const all = message.additionals ?? [];
  const opt = all.find((record) => record.type === 'OPT');
  return {
    bytes,
    rcode: (header & 0xf) | ((opt?.extendedRcode ?? 0) << 4),
    authoritative: (header & 0x0400) !== 0,
    truncated: (header & 0x0200) !== 0,
    answers: (message.answers ?? []).map(line),
    authorities: (message.authorities ?? []).map(line),
    additionals: all.filter((record) => record.type !== 'OPT').map(line),
    ednsSizeBytes: opt?.udpPayloadSize,
  };
}

/** The TTLs of all records but OPT. */
export function ttlsOf(bytes: Buffer): number[] {
  const { answers = [], authorities = [], additionals = [] } = packet.decode(bytes);
  return [...answers, ...authorities, ...additionals].flatMap((record) =>
    record.type !== 'OPT' && 'ttl' in record ? [record.ttl ?? 0] : [],
  );
}

/** `owner type data`; the serial of an SOA is left out. */
function line(record: packet.Answer): string {
  const { name, type } = record;
  switch (record.type) {
    case 'SRV': {
      const { priority = 0, weight = 0, port, target } = record.data;
      return `${name} SRV ${priority} ${weight} ${port} ${target}`;
    }
    case 'SOA':
      return `${name} SOA ${record.data.mname} ${record.data.rname} ${record.data.refresh ?? 0} ${record.data.minimum ?? 0}`;
    case 'TXT': {
      const strings = [record.data].flat();
      return `${name} TXT ${strings.map((string) => JSON.stringify(string.toString())).join(' ')}`;
    }
    case 'A':
    case 'AAAA':
    case 'CNAME':
    case 'NS':
    case 'PTR':
      return `${name} ${type} ${record.data}`;
    default:
      return `${name} ${type}`;
  }
}

/** Whether `dig` is on the PATH. */
export function hasDig(): boolean {
  try {
    execFileSync('dig', ['-v'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
