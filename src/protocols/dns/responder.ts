import type { Logger } from '../../platform/logger.ts';
import { answerQuestion, type AnswerSources } from './answers.ts';
import { addressText } from './address.ts';
import { AnswerTemplates } from './answer-templates.ts';
import { encodeWithin, limitsOf, type AnswerLimits, type Transport } from './limits.ts';
import { rcodeName, typeName, type DnsMetrics } from './metrics.ts';
import { parseName, type OwnName } from './names.ts';
import { readQuickQuery } from './quick-query.ts';
import type { Recursor } from './recursor.ts';
import { EMPTY_REPLY, type Reply } from './reply.ts';
import { encodeAnswer, MAX_MESSAGE_BYTES } from './wire-answer.ts';
import { decodeQuery, type Query, type QueryHeader } from './wire-query.ts';
import { RCODE, TYPE, type Rcode } from './wire-record.ts';

export interface ResponderOptions extends AnswerSources {
  /** The most answers for clients without EDNS; 1 to 8. */
  readonly udpAnswerLimit: number;
  /** Set TC where answers were left out. */
  readonly enableTruncate: boolean;
  readonly compress: boolean;
  /** Whom to ask for what is not ours. */
  readonly recursor: Recursor | undefined;
  readonly metrics: DnsMetrics;
  readonly logger: Logger;
}

/** The answer to a packet from a client, at once or later; `undefined` to stay silent. */
export type Respond = (
  packet: Buffer,
  transport: Transport,
  clientAddress: string,
) => Buffer | undefined | Promise<Buffer | undefined>;

/** Questions that wait for a ring at most, and how long; a client asks again after about as long. */
const MAX_WAITING = 1000;
const RING_WAIT_MS = 5000;

/** Makes the function that answers packets; it neither throws nor rejects, whatever the packet holds. */
export function createResponder(options: ResponderOptions): Respond {
  const { metrics, logger } = options;
  const templates = templatesOf(options);
  const waiting = new WaitingQuestions(options);
  return (packet, transport, clientAddress) => {
    try {
      const quick = transport === 'udp' ? answerFromTemplate(packet, templates, options) : undefined;
      if (quick) return quick;
    } catch (error) {
      logger.error({ err: error }, 'dns template failed');
    }
    const decoded = decodeQuery(packet);
    if (decoded.kind === 'drop') {
      metrics.onDropped('malformed', transport);
      return undefined;
    }
    if (decoded.kind === 'reject') {
      metrics.onAnswered('-', rcodeName(decoded.rcode), transport);
      return bareAnswer(decoded.header, decoded.rcode);
    }
    const asked = { packet, query: decoded.query, transport, clientAddress };
    try {
      return answerQuery(asked, options, waiting);
    } catch (error) {
      return failed(error, asked, options);
    }
  };
}

/** The ring that a question about a key has to wait for. */
function ringFor(name: OwnName | undefined, { catalog }: ResponderOptions): Promise<void> | undefined {
  if (name?.target.kind !== 'key' || !catalog.ready()) return undefined;
  return catalog.ringOf(name.target.service);
}

/** Questions about keys of large services whose first ring is being built. */
class WaitingQuestions {
  readonly #options: ResponderOptions;
  #count = 0;

  constructor(options: ResponderOptions) {
    this.#options = options;
  }

  async answer(ring: Promise<void>, asked: Asked): Promise<Buffer | undefined> {
    this.#count++;
    let timer: NodeJS.Timeout | undefined;
    try {
      if (this.#count > MAX_WAITING) throw new Error('too many questions wait for a ring');
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => {
          reject(new Error('a ring took too long'));
        }, RING_WAIT_MS);
      });
      await Promise.race([ring, late]);
      return await answerQuery(asked, this.#options);
    } catch (error) {
      return failed(error, asked, this.#options);
    } finally {
      clearTimeout(timer);
      this.#count--;
    }
  }
}

function failed(
  error: unknown,
  { query, transport }: Asked,
  { metrics, logger }: ResponderOptions,
): Buffer | undefined {
  logger.error({ err: error }, 'dns query failed');
  metrics.onAnswered(typeName(query.question.type), rcodeName(RCODE.SERVFAIL), transport);
  return bareAnswer(query, RCODE.SERVFAIL);
}

function answerFromTemplate(
  packet: Buffer,
  templates: AnswerTemplates | undefined,
  { catalog, metrics }: ResponderOptions,
): Buffer | undefined {
  const query = catalog.ready() ? readQuickQuery(packet) : undefined;
  const answer = query && templates?.answer(packet, query);
  if (query && answer) metrics.onAnswered(typeName(query.type), 'NOERROR', 'udp');
  return answer;
}

/** The answer that says no more than "ask over TCP"; `undefined` if the packet is no query. */
export function truncatedAnswer(packet: Buffer): Buffer | undefined {
  const decoded = decodeQuery(packet);
  if (decoded.kind !== 'query') return undefined;
  const { query } = decoded;
  const envelope = { ...BARE, header: query, question: query.question, rcode: RCODE.NOERROR };
  return encodeAnswer({ ...envelope, truncated: true }, MAX_MESSAGE_BYTES);
}

/** None where names are not to be compressed: a template is made of pointers. */
function templatesOf(options: ResponderOptions): AnswerTemplates | undefined {
  const { random, enableTruncate, recursor, udpAnswerLimit } = options;
  const templateOptions = {
    random,
    markTruncated: enableTruncate,
    recursionAvailable: recursor !== undefined,
  };
  return options.compress ? new AnswerTemplates(options, templateOptions, udpAnswerLimit) : undefined;
}

interface Asked {
  readonly packet: Buffer;
  readonly query: Query;
  readonly transport: Transport;
  readonly clientAddress: string;
}

/** Without `waiting` nothing waits for a ring. */
function answerQuery(
  asked: Asked,
  options: ResponderOptions,
  waiting?: WaitingQuestions,
): ReturnType<Respond> {
  const { query, transport } = asked;
  const name = parseName(query.question.name, query.question.type);
  const ring = waiting && ringFor(name, options);
  if (waiting && ring) return waiting.answer(ring, asked);
  const limits = limitsOf(query, transport, options.udpAnswerLimit);
  const reply = name ? replyTo(asked, name, limits, options) : undefined;
  const isOurs = reply !== undefined && !isForeignAddress(name, reply);
  if (!isOurs && options.recursor?.serves(asked.clientAddress)) {
    return recurse(asked, options.recursor, limits, options);
  }
  return encodeReply(asked, reply ?? failure(RCODE.REFUSED), name, limits, options);
}

/** An address that nobody is registered at: whoever serves the reverse zone may know more. */
function isForeignAddress(name: OwnName | undefined, reply: Reply): boolean {
  return name?.target.kind === 'reverse' && reply.rcode === RCODE.NXDOMAIN;
}

// Compat(consul): the class of a question is ignored.
function replyTo(asked: Asked, name: OwnName, limits: AnswerLimits, options: ResponderOptions): Reply {
  const { question, edns } = asked.query;
  if (edns && edns.version !== 0) return failure(RCODE.BADVERS);
  if (question.type === TYPE.AXFR) return failure(RCODE.NOTIMP);
  if (!options.catalog.ready()) return failure(RCODE.SERVFAIL);
  const subnet = edns?.clientSubnet;
  const clientAddress = subnet ? addressText(subnet.family, subnet.address) : asked.clientAddress;
  return answerQuestion(question, name, options, { clientAddress, maxAnswers: limits.maxAnswers });
}

function encodeReply(
  { query, transport }: Asked,
  reply: Reply,
  name: OwnName | undefined,
  limits: AnswerLimits,
  options: ResponderOptions,
): Buffer | undefined {
  const { question, edns } = query;
  options.metrics.onAnswered(typeName(question.type), rcodeName(reply.rcode), transport);
  const envelope = {
    header: query,
    question,
    authoritative: name !== undefined,
    recursionAvailable: options.recursor !== undefined,
    compress: options.compress,
    // A refusal shows neither authority nor EDNS, as of a server that does not know the name at all.
    edns: name && edns,
    forSubnet: reply.forClient === true && reply.rcode === RCODE.NOERROR,
  };
  return encodeWithin(limits.maxBytes, envelope, reply, options.enableTruncate);
}

async function recurse(
  asked: Asked,
  recursor: Recursor,
  { maxBytes }: AnswerLimits,
  { metrics, logger }: ResponderOptions,
): Promise<Buffer | undefined> {
  const { packet, query, transport } = asked;
  const answer = await recursor.resolve(packet, query, transport).catch((error: unknown) => {
    logger.error({ err: error }, 'dns recursion failed');
    return undefined;
  });
  metrics.onAnswered(typeName(query.question.type), answer ? 'RECURSED' : 'SERVFAIL', transport);
  if (answer === undefined) {
    const envelope = { ...BARE, header: query, question: query.question, rcode: RCODE.SERVFAIL };
    return encodeAnswer({ ...envelope, recursionAvailable: true }, MAX_MESSAGE_BYTES);
  }
  // The server was told how much the client takes, but whether it listened is another matter.
  return answer.length > maxBytes ? truncatedAnswer(packet) : answer;
}

function failure(rcode: Rcode): Reply {
  return { ...EMPTY_REPLY, rcode };
}

const BARE = {
  authoritative: false,
  truncated: false,
  recursionAvailable: false,
  compress: true,
  question: undefined,
  edns: undefined,
  forSubnet: false,
  answers: [],
  authorities: [],
  additionals: [],
} as const;

function bareAnswer(header: QueryHeader, rcode: Rcode): Buffer | undefined {
  return encodeAnswer({ ...BARE, header, rcode }, MAX_MESSAGE_BYTES);
}
