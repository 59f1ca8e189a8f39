import type { Random } from '../../platform/random.ts';
import { MAX_UDP_BYTES, type AnswerLimits } from './limits.ts';
import type { QuickQuery } from './quick-query.ts';
import type { Reply } from './reply.ts';
import { encodeRecordBody } from './wire-answer.ts';
import type { WireName } from './wire-name.ts';
import { RCODE, TYPE, type ResourceRecord } from './wire-record.ts';

/** How every message is made, whatever the template. */
export interface TemplateOptions {
  readonly random: Random;
  readonly markTruncated: boolean;
  readonly recursionAvailable: boolean;
}

interface AnswerBytes {
  readonly bytes: Buffer;
  /** Indexes of its additional records. */
  readonly glue: readonly number[];
}

interface GlueBytes {
  readonly bytes: Buffer;
  /** Its owner is the target of the answer it goes with: its first two bytes become a pointer there. */
  readonly isOfTarget: boolean;
  readonly isMeta: boolean;
}

const HEADER_BYTES = 12;
const OPT_BYTES = 11;
/** As the owner of a record, a pointer to the question's name. */
const QUESTION_POINTER = Buffer.from([0xc0, HEADER_BYTES]);
/** From the start of an SRV answer to its target: pointer, type, class, TTL, length, priority, weight, port. */
const SRV_TARGET_AT = 18;

/** Writing is synchronous, so that a message can be written here before it is copied out at its size. */
const scratch = Buffer.allocUnsafe(MAX_UDP_BYTES);

/**
 * The answers of a service, encoded once; each UDP message takes them in a new random order.
 *
 * Every record is encoded so that it may stand anywhere: the owner of an answer is a pointer to the question, SRV
 * targets are not compressed, and only the pointers from glue to its target depend on the order.
 */
export class AnswerTemplate {
  readonly #answers: readonly AnswerBytes[];
  readonly #glue: readonly GlueBytes[];
  readonly #totalBytes: number;
  /** A permutation that goes on from message to message. */
  readonly #order: Uint32Array;
  /** By glue record: the number of the last message that it went into. */
  readonly #sentIn: Float64Array;
  #message = 0;

  constructor(answers: readonly AnswerBytes[], glue: readonly GlueBytes[]) {
    this.#answers = answers;
    this.#glue = glue;
    this.#totalBytes = [...answers, ...glue].reduce((sum, { bytes }) => sum + bytes.length, 0);
    this.#order = Uint32Array.from(answers, (_, index) => index);
    this.#sentIn = new Float64Array(glue.length);
  }

  /** Number of records held. */
  get size(): number {
    return this.#answers.length + this.#glue.length;
  }

  /**
   * The answer to the query that `packet` holds; `undefined` if not one answer with its glue fits.
   *
   * If everything fits, everything goes; otherwise as many answers as fit, without metadata of nodes.
   */
  write(
    packet: Buffer,
    query: QuickQuery,
    limits: AnswerLimits,
    options: TemplateOptions,
  ): Buffer | undefined {
    const { questionEnd, ednsSizeBytes } = query;
    const maxBytes = limits.maxBytes - (ednsSizeBytes === undefined ? 0 : OPT_BYTES);
    const total = this.#answers.length;
    const isWhole = total <= limits.maxAnswers && questionEnd + this.#totalBytes <= maxBytes;
    const pending: number[] = [];
    let pendingBytes = 0;
    let at = questionEnd;
    let count = 0;
    this.#message++;
    for (; count < total && count < limits.maxAnswers; count++) {
      const answer = this.#draw(count, options.random);
      if (answer === undefined) break;
      const glueCount = pending.length;
      const glueBytes = this.#addGlue(answer, at + SRV_TARGET_AT, isWhole, pending);
      if (at + answer.bytes.length + pendingBytes + glueBytes > maxBytes) {
        pending.length = glueCount;
        break;
      }
      pendingBytes += glueBytes;
      at = copyInto(at, answer.bytes);
    }
    if (count === 0) return undefined;
    at = this.#writeGlue(pending, at);
    const additionals = pending.length / 2 + (ednsSizeBytes === undefined ? 0 : 1);
    if (ednsSizeBytes !== undefined) at = writeOpt(ednsSizeBytes, at);
    packet.copy(scratch, 0, 0, questionEnd);
    const isTruncated = options.markTruncated && count < total;
    writeHead(packet, count, additionals, isTruncated, options.recursionAvailable);
    return Buffer.from(scratch.subarray(0, at));
  }

  /** The next answer of a Fisher-Yates shuffle that takes the order's first places. */
  #draw(place: number, random: Random): AnswerBytes | undefined {
    const order = this.#order;
    const other = place + Math.floor(random.fraction() * (order.length - place));
    const drawn = order[other] ?? 0;
    order[other] = order[place] ?? 0;
    order[place] = drawn;
    return this.#answers[drawn];
  }

  /** Adds what this message does not have yet to `pending`, as index and offset of the target; returns its bytes. */
  #addGlue(answer: AnswerBytes, targetAt: number, withMeta: boolean, pending: number[]): number {
    let bytes = 0;
    for (const index of answer.glue) {
      const glue = this.#glue[index];
      if (glue === undefined || this.#sentIn[index] === this.#message || (glue.isMeta && !withMeta)) continue;
      this.#sentIn[index] = this.#message;
      pending.push(index, targetAt);
      bytes += glue.bytes.length;
    }
    return bytes;
  }

  #writeGlue(pending: readonly number[], start: number): number {
    let at = start;
    for (let next = 0; next < pending.length; next += 2) {
      const glue = this.#glue[pending[next] ?? 0];
      if (glue === undefined) continue;
      const end = copyInto(at, glue.bytes);
      if (glue.isOfTarget) scratch.writeUInt16BE(0xc000 | (pending[next + 1] ?? 0), at);
      at = end;
    }
    return at;
  }
}

/**
 * Encodes a service's reply, which must hold every answer; `undefined` if it is not of addresses alone.
 *
 * Its names must be those of a question whose name is `owner`.
 */
export function templateOf(reply: Reply, owner: WireName): AnswerTemplate | undefined {
  if (reply.rcode !== RCODE.NOERROR || !reply.complete || reply.answers.length === 0) return undefined;
  const indexes = new Map<ResourceRecord, number>();
  const glue: GlueBytes[] = [];
  const answers: AnswerBytes[] = [];
  for (const { record, glue: additional } of reply.answers) {
    const bytes = record.owner === owner ? recordBytes(record, QUESTION_POINTER) : undefined;
    if (bytes === undefined) return undefined;
    const target = record.type === 'SRV' ? record.target : undefined;
    for (const each of additional) {
      if (indexes.has(each)) continue;
      const isOfTarget = each.owner === target;
      const encoded = recordBytes(each, isOfTarget ? QUESTION_POINTER : ownerBytes(each.owner));
      if (encoded === undefined) return undefined;
      indexes.set(each, glue.push({ bytes: encoded, isOfTarget, isMeta: each.type === 'TXT' }) - 1);
    }
    answers.push({ bytes, glue: additional.map((each) => indexes.get(each) ?? 0) });
  }
  return new AnswerTemplate(answers, glue);
}

function recordBytes(record: ResourceRecord, owner: Buffer): Buffer | undefined {
  if (record.type !== 'address' && record.type !== 'SRV' && record.type !== 'TXT') return undefined;
  const body = encodeRecordBody(record);
  return body && Buffer.concat([owner, body]);
}

function ownerBytes(name: WireName): Buffer {
  return Buffer.concat([Buffer.from(name, 'latin1'), Buffer.alloc(1)]);
}

/** Records are so short that a loop is faster than a call of `copy`. */
function copyInto(start: number, bytes: Buffer): number {
  let at = start;
  for (const byte of bytes) scratch[at++] = byte;
  return at;
}

function writeHead(
  packet: Buffer,
  answers: number,
  additionals: number,
  isTruncated: boolean,
  recursionAvailable: boolean,
): void {
  // QR and AA, and the query's own RD; then RA and the query's own CD.
  scratch[2] = 0x84 | (isTruncated ? 0x02 : 0) | ((packet[2] ?? 0) & 0x01);
  scratch[3] = (recursionAvailable ? 0x80 : 0) | ((packet[3] ?? 0) & 0x10);
  scratch.writeUInt16BE(answers, 6);
  scratch.writeUInt16BE(0, 8);
  scratch.writeUInt16BE(additionals, 10);
}

/** Compat(consul): the OPT record returns the client's own UDP size. */
function writeOpt(sizeBytes: number, at: number): number {
  scratch.fill(0, at, at + OPT_BYTES);
  scratch.writeUInt16BE(TYPE.OPT, at + 1);
  scratch.writeUInt16BE(sizeBytes, at + 3);
  return at + OPT_BYTES;
}
