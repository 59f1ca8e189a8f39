import { TYPE } from './wire-record.ts';

/** A query as nearly all are: one question for A, AAAA or SRV, and an OPT record without options or nothing. */
export interface QuickQuery {
  /** The question's name in wire form and its closing zero byte, in lower case. */
  readonly name: string;
  readonly type: number;
  /** Offset of the first byte after the question. */
  readonly questionEnd: number;
  /** The client's UDP size; `undefined` without EDNS. */
  readonly ednsSizeBytes: number | undefined;
}

const HEADER_BYTES = 12;
const OPT_BYTES = 11;
const MAX_LABEL_BYTES = 63;
const MAX_NAME_BYTES = 255;
/** QR and opcode, which are 0 in a query. */
const NOT_A_QUERY = 0xf8;

/** Reads such a query; `undefined` for any other packet, which `decodeQuery` is for. */
export function readQuickQuery(packet: Buffer): QuickQuery | undefined {
  const additionals = packet[11] ?? 0;
  if (!hasPlainHeader(packet) || additionals > 1) return undefined;
  const nameEnd = endOfName(packet);
  if (nameEnd === undefined) return undefined;
  const questionEnd = nameEnd + 4;
  if (packet.length !== questionEnd + additionals * OPT_BYTES) return undefined;
  const type = packet[nameEnd] === 0 ? packet[nameEnd + 1] : undefined;
  if (type !== TYPE.A && type !== TYPE.AAAA && type !== TYPE.SRV) return undefined;
  if (additionals === 1 && !isPlainOpt(packet, questionEnd)) return undefined;
  return {
    // Bytes beyond ASCII stay beyond it, so they never meet a template's name, which is ASCII.
    name: packet.toString('latin1', HEADER_BYTES, nameEnd).toLowerCase(),
    type,
    questionEnd,
    ednsSizeBytes: additionals === 1 ? packet.readUInt16BE(questionEnd + 3) : undefined,
  };
}

/** A query with one question, and no records but additional ones. */
function hasPlainHeader(packet: Buffer): boolean {
  if (packet.length < HEADER_BYTES + 5 || ((packet[2] ?? 0) & NOT_A_QUERY) !== 0) return false;
  if (packet[4] !== 0 || packet[5] !== 1) return false;
  for (let at = 6; at < 11; at++) if (packet[at] !== 0) return false;
  return true;
}

/** Offset of the first byte after a name without pointers. */
function endOfName(packet: Buffer): number | undefined {
  let at = HEADER_BYTES;
  for (let length = packet[at]; length !== 0; length = packet[at]) {
    if (length === undefined || length > MAX_LABEL_BYTES) return undefined;
    at += 1 + length;
  }
  return at + 1 - HEADER_BYTES > MAX_NAME_BYTES ? undefined : at + 1;
}

/** An OPT record of version 0 without options; its flags do not matter. */
function isPlainOpt(packet: Buffer, at: number): boolean {
  return (
    packet[at] === 0 &&
    packet.readUInt16BE(at + 1) === TYPE.OPT &&
    packet[at + 6] === 0 &&
    packet.readUInt16BE(at + 9) === 0
  );
}
