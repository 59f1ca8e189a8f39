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

const SLAB_BYTES = 64 * MAX_UDP_BYTES;

/**
 * Messages are written one behind the other into a slab, and never over one another, for the system may take them
 * later. A buffer for each of them would take longer than all of its records.
 */
let slab = Buffer.allocUnsafe(SLAB_BYTES);
let slabUsedBytes = 0;

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
    const start = startMessage();
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
      slab.set(answer.bytes, start + at);
      at += answer.bytes.length;
    }
    if (count === 0) return undefined;
    at = this.#writeGlue(pending, start, at);
    const additionals = pending.length / 2 + (ednsSizeBytes === undefined ? 0 : 1);
    if (ednsSizeBytes !== undefined) at = writeOpt(ednsSizeBytes, start, at);
    const isTruncated = options.markTruncated && count < total;
    packet.copy(slab, start, 0, questionEnd);
    writeFlags(start, packet, isTruncated, options.recursionAvailable);
    writeCounts(start, count, additionals);
    slabUsedBytes = start + at;
    return slab.subarray(start, slabUsedBytes);
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

  #writeGlue(pending: readonly number[], start: number, from: number): number {
    let at = from;
    for (let next = 0; next < pending.length; next += 2) {
      const glue = this.#glue[pending[next] ?? 0];
      if (glue === undefined) continue;
      slab.set(glue.bytes, start + at);
      if (glue.isOfTarget) writeUint16(start + at, 0xc000 | (pending[next + 1] ?? 0));
      at += glue.bytes.length;
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

/** Where in the slab the next message starts; there is room for the longest one. */
function startMessage(): number {
  if (slabUsedBytes + MAX_UDP_BYTES > slab.length) {
    slab = Buffer.allocUnsafe(SLAB_BYTES);
    slabUsedBytes = 0;
  }
  return slabUsedBytes;
}

/** QR and AA, TC and RA as told, RD and CD as the query has them. */
function writeFlags(start: number, packet: Buffer, isTruncated: boolean, recursionAvailable: boolean): void {
  slab[start + 2] = 0x84 | (isTruncated ? 0x02 : 0) | ((packet[2] ?? 0) & 0x01);
  slab[start + 3] = (recursionAvailable ? 0x80 : 0) | ((packet[3] ?? 0) & 0x10);
}

function writeCounts(start: number, answers: number, additionals: number): void {
  writeUint16(start + 6, answers);
  writeUint16(start + 8, 0);
  writeUint16(start + 10, additionals);
}

/** Compat(consul): the OPT record returns the client's own UDP size. */
function writeOpt(sizeBytes: number, start: number, at: number): number {
  slab.fill(0, start + at, start + at + OPT_BYTES);
  writeUint16(start + at + 1, TYPE.OPT);
  writeUint16(start + at + 3, sizeBytes);
  return at + OPT_BYTES;
}

function writeUint16(at: number, value: number): void {
  slab[at] = value >>> 8;
  slab[at + 1] = value & 0xff;
}
