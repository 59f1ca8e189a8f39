import { createSocket } from 'node:dgram';
import { BlockList, connect, isIP, isIPv6 } from 'node:net';
import type { Random } from '../../platform/random.ts';
import type { Transport } from './limits.ts';
import { readName } from './wire-name.ts';
import type { Query } from './wire-query.ts';
import { RCODE } from './wire-record.ts';

export interface RecursorOptions {
  /** `<IP address>`, `<IPv4 address>:<port>` or `[<IPv6 address>]:<port>`; port 53 unless given. */
  readonly servers: readonly string[];
  /** For each server. */
  readonly timeoutMs: number;
  readonly strategy: 'sequential' | 'random';
  /** Who may ask for names outside our domains: addresses and `<address>/<bits>`. */
  readonly clients: readonly string[];
}

interface Upstream {
  readonly host: string;
  readonly port: number;
}

const HEADER_BYTES = 12;
const DNS_PORT = 53;
/** Further questions fail at once, so that dead servers cannot use up sockets. */
const MAX_IN_FLIGHT = 512;
const LETTER = /[a-z]/i;

/**
 * Passes questions on to other servers, and their answers back; it keeps nothing.
 *
 * An answer must come from the server asked, to the random port it was asked from, and repeat a random id and the
 * question in its random case (draft-vixie-dnsext-dns0x20), so that nobody who does not see the question can forge it.
 */
export class Recursor {
  readonly #options: RecursorOptions;
  readonly #servers: readonly Upstream[];
  readonly #clients: BlockList;
  readonly #random: Random;
  readonly #stopped = new AbortController();
  #inFlight = 0;

  /** Throws if a server or a client is no address. */
  constructor(options: RecursorOptions, random: Random) {
    this.#options = options;
    this.#servers = options.servers.map(parseServer);
    this.#clients = blockListOf(options.clients);
    this.#random = random;
  }

  serves(clientAddress: string): boolean {
    return this.#clients.check(clientAddress, isIPv6(clientAddress) ? 'ipv6' : 'ipv4');
  }

  /** The first answer of NOERROR or NXDOMAIN, ready for the client; `undefined` if no server gave one. */
  async resolve(packet: Buffer, query: Query, transport: Transport): Promise<Buffer | undefined> {
    if (this.#inFlight >= MAX_IN_FLIGHT) return undefined;
    this.#inFlight++;
    try {
      for (const server of this.#order()) {
        if (this.#stopped.signal.aborted) return undefined;
        const answer = await this.#ask(server, packet, transport).catch(() => undefined);
        if (answer && isFinal(answer)) return forClient(answer, packet, query);
      }
      return undefined;
    } finally {
      this.#inFlight--;
    }
  }

  stop(): void {
    this.#stopped.abort();
  }

  #order(): readonly Upstream[] {
    if (this.#options.strategy === 'sequential') return this.#servers;
    const rest = [...this.#servers];
    return this.#servers.flatMap(() => rest.splice(Math.floor(this.#random.fraction() * rest.length), 1));
  }

  #ask(server: Upstream, packet: Buffer, transport: Transport): Promise<Buffer> {
    const disguised = disguise(packet, this.#random);
    const signal = AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(this.#options.timeoutMs)]);
    return transport === 'udp' ? askUdp(server, disguised, signal) : askTcp(server, disguised, signal);
  }
}

function parseServer(text: string): Upstream {
  if (isIP(text) !== 0) return { host: text, port: DNS_PORT };
  const [, v6, v4, port] = /^(?:\[([^\]]+)\]|([\d.]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = v6 ?? v4 ?? '';
  if (isIP(host) === 0) throw new TypeError(`not the address of a DNS server: "${text}"`);
  return { host, port: Number(port) };
}

/** Throws on what is no address or prefix. */
function blockListOf(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', bits] = entry.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}

/** A copy with another id and the letters of its question in other cases. */
function disguise(packet: Buffer, random: Random): Buffer {
  const copy = Buffer.from(packet);
  const bits = Buffer.from(random.token() + random.token(), 'base64url');
  bits.copy(copy, 0, 0, 2);
  const end = questionEnd(copy) - 4;
  let bit = 16;
  for (let at = HEADER_BYTES; at < end; at++) {
    const byte = copy[at] ?? 0;
    if (!LETTER.test(String.fromCharCode(byte))) continue;
    const isUpper = (((bits[(bit >> 3) % bits.length] ?? 0) >> (bit & 7)) & 1) === 1;
    copy[at] = isUpper ? byte & ~0x20 : byte | 0x20;
    bit++;
  }
  return copy;
}

function questionEnd(packet: Buffer): number {
  return (readName(packet, HEADER_BYTES)?.end ?? packet.length) + 4;
}

function askUdp(server: Upstream, query: Buffer, signal: AbortSignal): Promise<Buffer> {
  const socket = createSocket(isIPv6(server.host) ? 'udp6' : 'udp4');
  const answer = new Promise<Buffer>((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('no answer in time')), { once: true });
    socket.on('error', reject);
    // Whatever else arrives is not from the server: the true answer may still come.
    socket.on('message', (message) => {
      if (answers(query, message)) resolve(message);
    });
    socket.connect(server.port, server.host, () => socket.send(query));
  });
  return answer.finally(() => socket.close());
}

function askTcp(server: Upstream, query: Buffer, signal: AbortSignal): Promise<Buffer> {
  const socket = connect(server.port, server.host);
  const answer = new Promise<Buffer>((resolve, reject) => {
    let received = Buffer.alloc(0);
    signal.addEventListener('abort', () => reject(new Error('no answer in time')), { once: true });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('closed without an answer')));
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
      const message = received.subarray(2, 2 + received.readUInt16BE(0));
      if (answers(query, message)) resolve(message);
      else reject(new Error('an answer to another question'));
    });
    const prefix = Buffer.alloc(2);
    prefix.writeUInt16BE(query.length);
    socket.write(Buffer.concat([prefix, query]));
  });
  return answer.finally(() => socket.destroy());
}

/** Whether a message is an answer with the query's id and exactly its question, case included. */
function answers(query: Buffer, message: Buffer): boolean {
  const end = questionEnd(query);
  if (message.length < end || message.readUInt16BE(0) !== query.readUInt16BE(0)) return false;
  const isAnswer = ((message[2] ?? 0) & 0xf8) === 0x80;
  return (
    isAnswer &&
    message.readUInt16BE(4) === 1 &&
    message.subarray(HEADER_BYTES, end).equals(query.subarray(HEADER_BYTES, end))
  );
}

function isFinal(answer: Buffer): boolean {
  const rcode = (answer[3] ?? 0) & 0xf;
  return rcode === RCODE.NOERROR || rcode === RCODE.NXDOMAIN;
}

/** The answer with the client's own id and question, not authoritative, and RA. */
function forClient(answer: Buffer, packet: Buffer, query: Query): Buffer {
  const copy = Buffer.from(answer);
  copy.writeUInt16BE(query.id, 0);
  packet.copy(copy, HEADER_BYTES, HEADER_BYTES, questionEnd(packet));
  copy[2] = (copy[2] ?? 0) & ~0x04;
  copy[3] = (copy[3] ?? 0) | 0x80;
  return copy;
}
