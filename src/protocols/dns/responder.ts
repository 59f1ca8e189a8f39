import type { Logger } from '../../platform/logger.ts';
import { answerQuestion, type AnswerSources } from './answers.ts';
import { encodeWithin, limitsOf, type Transport } from './limits.ts';
import { rcodeName, typeName, type DnsMetrics } from './metrics.ts';
import { parseName, type OwnName } from './names.ts';
import { EMPTY_REPLY, type Reply } from './reply.ts';
import { encodeAnswer, MAX_MESSAGE_BYTES } from './wire-answer.ts';
import { decodeQuery, type Query, type QueryHeader } from './wire-query.ts';
import { RCODE, TYPE, type Rcode } from './wire-record.ts';

export interface ResponderOptions extends AnswerSources {
  /** The most answers for clients without EDNS; 1 to 8. */
  readonly udpAnswerLimit: number;
  /** Set TC where answers were left out. */
  readonly enableTruncate: boolean;
  readonly metrics: DnsMetrics;
  readonly logger: Logger;
}

/** The answer to a packet, or `undefined` to stay silent. */
export type Respond = (packet: Buffer, transport: Transport) => Buffer | undefined;

/** Makes the function that answers packets; it never throws, whatever the packet holds. */
export function createResponder(options: ResponderOptions): Respond {
  const { metrics, logger } = options;
  return (packet, transport) => {
    const decoded = decodeQuery(packet);
    if (decoded.kind === 'drop') {
      metrics.onDropped('malformed', transport);
      return undefined;
    }
    if (decoded.kind === 'reject') {
      metrics.onAnswered('-', rcodeName(decoded.rcode), transport);
      return bareAnswer(decoded.header, decoded.rcode);
    }
    const { query } = decoded;
    try {
      return answerQuery(query, transport, options);
    } catch (error) {
      logger.error({ err: error }, 'dns query failed');
      metrics.onAnswered(typeName(query.question.type), rcodeName(RCODE.SERVFAIL), transport);
      return bareAnswer(query, RCODE.SERVFAIL);
    }
  };
}

function answerQuery(query: Query, transport: Transport, options: ResponderOptions): Buffer | undefined {
  const { question, edns } = query;
  const name = parseName(question.name, question.type);
  const limits = limitsOf(query, transport, options.udpAnswerLimit);
  const reply = name ? replyTo(query, name, limits.maxAnswers, options) : failure(RCODE.REFUSED);
  options.metrics.onAnswered(typeName(question.type), rcodeName(reply.rcode), transport);
  // A refusal shows neither authority nor EDNS, as of a server that does not know the name at all.
  const envelope = { header: query, question, authoritative: name !== undefined, edns: name && edns };
  return encodeWithin(limits.maxBytes, envelope, reply, options.enableTruncate);
}

// Compat(consul): the class of a question is ignored.
function replyTo(
  { question, edns }: Query,
  name: OwnName,
  maxAnswers: number,
  options: ResponderOptions,
): Reply {
  if (edns && edns.version !== 0) return failure(RCODE.BADVERS);
  if (question.type === TYPE.AXFR) return failure(RCODE.NOTIMP);
  if (!options.catalog.ready()) return failure(RCODE.SERVFAIL);
  return answerQuestion(question, name, options, maxAnswers);
}

function failure(rcode: Rcode): Reply {
  return { ...EMPTY_REPLY, rcode };
}

function bareAnswer(header: QueryHeader, rcode: Rcode): Buffer | undefined {
  return encodeAnswer(
    {
      header,
      rcode,
      authoritative: false,
      truncated: false,
      question: undefined,
      edns: undefined,
      answers: [],
      authorities: [],
      additionals: [],
    },
    MAX_MESSAGE_BYTES,
  );
}
