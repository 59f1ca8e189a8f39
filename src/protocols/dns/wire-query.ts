import { readName, type WireName } from './wire-name.ts';
import { RCODE, TYPE, type Rcode } from './wire-record.ts';

export interface Question {
  /** As asked, in its case. */
  readonly name: WireName;
  readonly type: number;
  readonly class: number;
}

/** The client's OPT record (RFC 6891). */
export interface Edns {
  readonly udpSizeBytes: number;
  readonly version: number;
  /** The client-subnet option (RFC 7871) less its scope: family, source prefix length and address bytes. */
  readonly clientSubnet: ClientSubnet | undefined;
}

export interface ClientSubnet {
  readonly family: number;
  readonly sourcePrefixBits: number;
  readonly address: Buffer;
}

/** What of a query's header returns in the answer. */
export interface QueryHeader {
  readonly id: number;
  readonly opcode: number;
  readonly recursionDesired: boolean;
  readonly checkingDisabled: boolean;
}

export interface Query extends QueryHeader {
  readonly question: Question;
  readonly edns: Edns | undefined;
}

export type DecodedQuery =
  | { readonly kind: 'query'; readonly query: Query }
  /** Answer with the bare header and this code. */
  | { readonly kind: 'reject'; readonly header: QueryHeader; readonly rcode: Rcode }
  /** Not a query at all: an answer to it could start a loop. */
  | { readonly kind: 'drop' };

const HEADER_BYTES = 12;
const OPCODE_QUERY = 0;
const OPTION_CLIENT_SUBNET = 8;
const ADDRESS_BITS_BY_FAMILY = [0, 32, 128];
/** The most records a query may carry besides its question: an IXFR's SOA, an OPT, a signature. */
const MAX_ANSWERS = 1;
const MAX_AUTHORITIES = 1;
const MAX_ADDITIONALS = 2;

/** Decodes a packet, whatever it holds; never throws, and reads at most five names. */
export function decodeQuery(packet: Buffer): DecodedQuery {
  if (packet.length < HEADER_BYTES) return { kind: 'drop' };
  const flags = packet.readUInt16BE(2);
  if (flags & 0x8000) return { kind: 'drop' };
  const header: QueryHeader = {
    id: packet.readUInt16BE(0),
    opcode: (flags >> 11) & 0xf,
    recursionDesired: (flags & 0x0100) !== 0,
    checkingDisabled: (flags & 0x0010) !== 0,
  };
  if (header.opcode !== OPCODE_QUERY) return { kind: 'reject', header, rcode: RCODE.NOTIMP };
  const query = decodeBody(packet, header);
  return query ? { kind: 'query', query } : { kind: 'reject', header, rcode: RCODE.FORMERR };
}

function decodeBody(packet: Buffer, header: QueryHeader): Query | undefined {
  const answers = packet.readUInt16BE(6);
  const authorities = packet.readUInt16BE(8);
  const additionals = packet.readUInt16BE(10);
  if (packet.readUInt16BE(4) !== 1 || answers > MAX_ANSWERS) return undefined;
  if (authorities > MAX_AUTHORITIES || additionals > MAX_ADDITIONALS) return undefined;

  const read = readName(packet, HEADER_BYTES);
  if (!read || read.end + 4 > packet.length) return undefined;
  const type = packet.readUInt16BE(read.end);
  const question = { name: read.name, type, class: packet.readUInt16BE(read.end + 2) };

  let edns: Edns | undefined;
  let at = read.end + 4;
  for (let n = 0; n < answers + authorities + additionals; n++) {
    const record = readRecord(packet, at);
    if (!record) return undefined;
    at = record.end;
    if (record.type !== TYPE.OPT) continue;
    if (edns || n < answers + authorities || record.name !== '') return undefined;
    edns = decodeEdns(record);
    if (!edns) return undefined;
  }
  return { ...header, question, edns };
}

interface RawRecord {
  readonly name: WireName;
  readonly type: number;
  readonly class: number;
  readonly ttl: number;
  readonly data: Buffer;
  readonly end: number;
}

function readRecord(packet: Buffer, start: number): RawRecord | undefined {
  const read = readName(packet, start);
  if (!read || read.end + 10 > packet.length) return undefined;
  const dataStart = read.end + 10;
  const end = dataStart + packet.readUInt16BE(read.end + 8);
  if (end > packet.length) return undefined;
  return {
    name: read.name,
    type: packet.readUInt16BE(read.end),
    class: packet.readUInt16BE(read.end + 2),
    ttl: packet.readUInt32BE(read.end + 4),
    data: packet.subarray(dataStart, end),
    end,
  };
}

function decodeEdns(record: RawRecord): Edns | undefined {
  let clientSubnet: ClientSubnet | undefined;
  const { data } = record;
  for (let at = 0; at < data.length;) {
    if (at + 4 > data.length) return undefined;
    const end = at + 4 + data.readUInt16BE(at + 2);
    if (end > data.length) return undefined;
    if (data.readUInt16BE(at) === OPTION_CLIENT_SUBNET) {
      clientSubnet = decodeClientSubnet(data.subarray(at + 4, end));
      if (!clientSubnet) return undefined;
    }
    at = end;
  }
  return { udpSizeBytes: record.class, version: (record.ttl >> 16) & 0xff, clientSubnet };
}

/** RFC 7871, 7.1.2: the address is as long as its prefix says, and the bits beyond the prefix are zero. */
function decodeClientSubnet(option: Buffer): ClientSubnet | undefined {
  if (option.length < 4) return undefined;
  const family = option.readUInt16BE(0);
  const sourcePrefixBits = option.readUInt8(2);
  const address = Buffer.from(option.subarray(4));
  if (sourcePrefixBits > (ADDRESS_BITS_BY_FAMILY[family] ?? -1)) return undefined;
  if (address.length !== Math.ceil(sourcePrefixBits / 8)) return undefined;
  const spareBits = address.length * 8 - sourcePrefixBits;
  if (((address.at(-1) ?? 0) & ((1 << spareBits) - 1)) !== 0) return undefined;
  return { family, sourcePrefixBits, address };
}
