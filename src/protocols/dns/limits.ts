import type { Answer, Reply } from './reply.ts';
import { encodeAnswer, type AnswerMessage } from './wire-answer.ts';
import type { Query } from './wire-query.ts';
import { TYPE, type ResourceRecord } from './wire-record.ts';

export type Transport = 'udp' | 'tcp';

/** How much of an answer its asker can take. */
export interface AnswerLimits {
  readonly maxBytes: number;
  readonly maxAnswers: number;
}

const PLAIN_UDP_BYTES = 512;
const MAX_PLAIN_ANSWERS = 8;
/**
 * The client's EDNS size counts, as in Consul, whose own cap is 65467 bytes; this cap bounds what a forged source
 * address can make us send. Where the path is unknown, 1232 bytes avoid fragments: a client asks for that itself.
 */
export const MAX_UDP_BYTES = 4096;
const MAX_TCP_BYTES = 65_523;
const MAX_TCP_ANSWERS = 4096;
const MAX_TCP_SRV_ANSWERS = 1024;
/** Pointer, type, class, TTL, length and an IPv4 address. */
const MIN_ANSWER_BYTES = 16;

/**
 * The limits of a query; `udpAnswerLimit` counts where the client takes no more than 512 bytes.
 *
 * Over UDP, ANY is answered as to such a client, for it is what amplification attacks ask for (RFC 8482).
 */
export function limitsOf(query: Query, transport: Transport, udpAnswerLimit: number): AnswerLimits {
  if (transport === 'tcp') {
    const isSrv = query.question.type === TYPE.SRV;
    return { maxBytes: MAX_TCP_BYTES, maxAnswers: isSrv ? MAX_TCP_SRV_ANSWERS : MAX_TCP_ANSWERS };
  }
  const size = query.question.type === TYPE.ANY ? 0 : (query.edns?.udpSizeBytes ?? 0);
  return udpLimits(size, udpAnswerLimit);
}

/** The limits of a UDP client that takes so many bytes; 0 without EDNS. */
export function udpLimits(sizeBytes: number, udpAnswerLimit: number): AnswerLimits {
  if (sizeBytes <= PLAIN_UDP_BYTES) {
    // Compat(consul): answers without EDNS are the first few, and nothing tells unless TC is enabled.
    const maxAnswers = Math.max(1, Math.min(MAX_PLAIN_ANSWERS, udpAnswerLimit));
    return { maxBytes: PLAIN_UDP_BYTES, maxAnswers };
  }
  const maxBytes = Math.min(sizeBytes, MAX_UDP_BYTES);
  return { maxBytes, maxAnswers: Math.floor(maxBytes / MIN_ANSWER_BYTES) };
}

/** All of a message but what its reply says. */
export type Envelope = Omit<AnswerMessage, 'rcode' | 'truncated' | 'answers' | 'authorities' | 'additionals'>;

/**
 * Encodes a reply within `maxBytes`, leaving out what does not fit: first authority and metadata, then answers from
 * the end, each with its glue, down to one answer without glue.
 *
 * What was left out is flagged (TC) only if `markTruncated`, or if not one answer fits.
 */
export function encodeWithin(
  maxBytes: number,
  envelope: Envelope,
  reply: Reply,
  markTruncated: boolean,
): Buffer | undefined {
  const encode = (answers: readonly Answer[], rest: Partial<AnswerMessage>) => {
    const records = answers.map(({ record }) => record);
    const message = { ...envelope, rcode: reply.rcode, truncated: false, answers: records };
    return encodeAnswer({ ...message, authorities: [], additionals: [], ...rest }, maxBytes);
  };
  const { answers, authorities, additionals } = reply;
  if (reply.complete) {
    const whole = encode(answers, { authorities, additionals: [...glueOf(answers), ...additionals] });
    if (whole) return whole;
  }
  const attempt = (count: number) => {
    const kept = answers.slice(0, count);
    const truncated = markTruncated && (count < answers.length || !reply.complete);
    return encode(kept, { truncated, additionals: glueOf(kept).filter(({ type }) => type !== 'TXT') });
  };
  return (
    largest(answers.length, attempt) ??
    encode(answers.slice(0, 1), { truncated: markTruncated }) ??
    encode([], { truncated: true })
  );
}

/** The additional records of these answers; what several share goes once. */
function glueOf(answers: readonly Answer[]): ResourceRecord[] {
  return [...new Set(answers.flatMap(({ glue }) => glue))];
}

/** The result for the largest count from 1 to `max` that has one, by bisection from `max` down. */
function largest<T>(max: number, attempt: (count: number) => T | undefined): T | undefined {
  let best: T | undefined;
  let low = 1;
  let high = max;
  let count = max;
  while (low <= high) {
    const result = attempt(count);
    if (result === undefined) {
      high = count - 1;
    } else {
      best = result;
      low = count + 1;
    }
    count = Math.ceil((low + high) / 2);
  }
  return best;
}
