import type { WireName } from './wire-name.ts';
import type { Edns, QueryHeader, Question } from './wire-query.ts';
import { CLASS_IN, TYPE, type Rcode, type ResourceRecord } from './wire-record.ts';
import type { AddressRecord, SrvRecord, TxtRecord } from './wire-record.ts';

export interface AnswerMessage {
  readonly header: QueryHeader;
  readonly rcode: Rcode;
  readonly authoritative: boolean;
  readonly truncated: boolean;
  readonly recursionAvailable: boolean;
  /** Write names that the message already has as pointers to them. */
  readonly compress: boolean;
  /** Absent when the query could not be read. */
  readonly question: Question | undefined;
  /** The client's; an OPT record answers it. */
  readonly edns: Edns | undefined;
  /** Answer for the client's subnet alone (RFC 7871, 7.2.1), not for the whole world. */
  readonly forSubnet: boolean;
  readonly answers: readonly ResourceRecord[];
  readonly authorities: readonly ResourceRecord[];
  readonly additionals: readonly ResourceRecord[];
}

export const MAX_MESSAGE_BYTES = 65_535;
const MAX_STRING_BYTES = 255;
const OPTION_CLIENT_SUBNET = 8;
/** A compression pointer has 14 bits for the offset. */
const POINTER_LIMIT = 0x4000;

/** Encoding is synchronous, so that every message can be written here before it is copied out at its size. */
const scratch = Buffer.allocUnsafe(MAX_MESSAGE_BYTES);

/** Encodes a message; `undefined` if it is longer than `maxBytes`. Never throws. */
export function encodeAnswer(message: AnswerMessage, maxBytes: number): Buffer | undefined {
  const writer = new MessageWriter(Math.min(maxBytes, MAX_MESSAGE_BYTES), message.compress);
  const { header, question, edns, answers, authorities, additionals } = message;
  writer.uint16(header.id);
  writer.uint16(flagsOf(message));
  writer.uint16(question ? 1 : 0);
  writer.uint16(answers.length);
  writer.uint16(authorities.length);
  writer.uint16(additionals.length + (edns ? 1 : 0));
  if (question) {
    writer.name(question.name, true);
    writer.uint16(question.type);
    writer.uint16(question.class);
  }
  for (const section of [answers, authorities, additionals]) {
    for (const record of section) {
      writeRecord(writer, record);
      if (writer.overflow) return undefined;
    }
  }
  if (edns) writeEdns(writer, edns, message);
  return writer.finish();
}

/** What follows the owner in a record without compressible names: type, class, TTL, length and data. */
export function encodeRecordBody(record: AddressRecord | SrvRecord | TxtRecord): Buffer | undefined {
  const writer = new MessageWriter(MAX_MESSAGE_BYTES, false);
  writeRecordBody(writer, record);
  return writer.finish();
}

function flagsOf(message: AnswerMessage): number {
  const { header, rcode, authoritative, truncated, recursionAvailable } = message;
  return (
    0x8000 |
    (header.opcode << 11) |
    (authoritative ? 0x0400 : 0) |
    (truncated ? 0x0200 : 0) |
    (header.recursionDesired ? 0x0100 : 0) |
    (recursionAvailable ? 0x0080 : 0) |
    (header.checkingDisabled ? 0x0010 : 0) |
    (rcode & 0xf)
  );
}

function writeRecord(writer: MessageWriter, record: ResourceRecord): void {
  writer.name(record.owner, true);
  writeRecordBody(writer, record);
}

function writeRecordBody(writer: MessageWriter, record: ResourceRecord): void {
  writer.uint16(typeNumber(record));
  writer.uint16(CLASS_IN);
  writer.uint32(record.ttlSeconds);
  const lengthAt = writer.uint16(0);
  writeData(writer, record);
  writer.patchLength(lengthAt);
}

function typeNumber(record: ResourceRecord): number {
  if (record.type !== 'address') return TYPE[record.type];
  return record.address.length === 4 ? TYPE.A : TYPE.AAAA;
}

function writeData(writer: MessageWriter, record: ResourceRecord): void {
  switch (record.type) {
    case 'address':
      writer.bytes(record.address);
      return;
    case 'CNAME':
    case 'NS':
    case 'PTR':
      writer.name(record.target, true);
      return;
    case 'SRV':
      writer.uint16(record.priority);
      writer.uint16(record.weight);
      writer.uint16(record.port);
      // RFC 2782: the target is not compressed; names after it may still point into it.
      writer.name(record.target, false);
      return;
    case 'TXT': {
      const text = Buffer.from(record.text, 'utf8');
      let at = 0;
      do {
        const string = text.subarray(at, at + MAX_STRING_BYTES);
        writer.uint8(string.length);
        writer.bytes(string);
        at += MAX_STRING_BYTES;
      } while (at < text.length);
      return;
    }
    case 'SOA':
      writer.name(record.primary, true);
      writer.name(record.mailbox, true);
      writer.uint32(record.serial);
      writer.uint32(record.refreshSeconds);
      writer.uint32(record.retrySeconds);
      writer.uint32(record.expireSeconds);
      writer.uint32(record.negativeTtlSeconds);
      return;
  }
}

/** RFC 6891: version 0, no flags, the upper bits of the code where others have the TTL. */
function writeEdns(writer: MessageWriter, edns: Edns, { rcode, forSubnet }: AnswerMessage): void {
  writer.uint8(0);
  writer.uint16(TYPE.OPT);
  // Compat(consul): the OPT record returns the client's own UDP size.
  writer.uint16(edns.udpSizeBytes);
  writer.uint32((rcode >> 4) << 24);
  const lengthAt = writer.uint16(0);
  const subnet = edns.clientSubnet;
  if (subnet) {
    writer.uint16(OPTION_CLIENT_SUBNET);
    writer.uint16(4 + subnet.address.length);
    writer.uint16(subnet.family);
    writer.uint8(subnet.sourcePrefixBits);
    writer.uint8(forSubnet ? subnet.sourcePrefixBits : 0);
    writer.bytes(subnet.address);
  }
  writer.patchLength(lengthAt);
}

/** Writes into the scratch buffer up to a limit; past it every write only raises `overflow`. */
class MessageWriter {
  overflow = false;
  #at = 0;
  readonly #maxBytes: number;
  readonly #compress: boolean;
  readonly #offsets = new Map<WireName, number>();

  constructor(maxBytes: number, compress: boolean) {
    this.#maxBytes = maxBytes;
    this.#compress = compress;
  }

  finish(): Buffer | undefined {
    return this.overflow ? undefined : Buffer.from(scratch.subarray(0, this.#at));
  }

  uint8(value: number): void {
    if (this.#reserve(1)) scratch[this.#at++] = value;
  }

  /** Returns the offset it wrote at. */
  uint16(value: number): number {
    const at = this.#at;
    this.uint8(value >>> 8);
    this.uint8(value);
    return at;
  }

  uint32(value: number): void {
    this.uint16(value >>> 16);
    this.uint16(value);
  }

  bytes(source: Uint8Array): void {
    if (!this.#reserve(source.length)) return;
    scratch.set(source, this.#at);
    this.#at += source.length;
  }

  /** Writes a name, as a pointer from the first suffix on that the message already has if `compress`. */
  name(name: WireName, compress: boolean): void {
    for (let at = 0; at < name.length;) {
      const suffix = name.slice(at);
      const offset = this.#offsets.get(suffix);
      if (compress && this.#compress && offset !== undefined) {
        this.uint16(0xc000 | offset);
        return;
      }
      if (offset === undefined && this.#at < POINTER_LIMIT) this.#offsets.set(suffix, this.#at);
      const next = at + 1 + name.charCodeAt(at);
      this.#latin1(name.slice(at, next));
      at = next;
    }
    this.uint8(0);
  }

  /** Sets the length field at `lengthAt` to the number of bytes written after it. */
  patchLength(lengthAt: number): void {
    if (this.overflow) return;
    const length = this.#at - lengthAt - 2;
    scratch[lengthAt] = length >>> 8;
    scratch[lengthAt + 1] = length;
  }

  #latin1(text: string): void {
    if (!this.#reserve(text.length)) return;
    this.#at += scratch.write(text, this.#at, 'latin1');
  }

  #reserve(lengthBytes: number): boolean {
    if (this.#at + lengthBytes > this.#maxBytes) this.overflow = true;
    return !this.overflow;
  }
}
