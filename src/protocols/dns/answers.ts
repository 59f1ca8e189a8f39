import type { Clock } from '../../platform/clock.ts';
import type { Random } from '../../platform/random.ts';
import { parseAddress } from './address.ts';
import { answerAuthority } from './authority.ts';
import type { DnsCatalog, DnsNode } from './lookup.ts';
import { parseName, type OwnName } from './names.ts';
import { EMPTY_REPLY, isAskedFor, metaRecords, nameError } from './reply.ts';
import type { Answer, AnswerPolicy, Inquiry, Reply } from './reply.ts';
import { answerService } from './service-answers.ts';
import { nameFromText, type WireName } from './wire-name.ts';
import type { Question } from './wire-query.ts';
import { CLASS_IN, TYPE, type ResourceRecord } from './wire-record.ts';

/** What answers are made from. */
export interface AnswerSources {
  readonly catalog: DnsCatalog;
  readonly policy: AnswerPolicy;
  readonly random: Random;
  readonly clock: Clock;
}

/** How many names a CNAME or a glue target is followed through, and how many records each of them may add. */
const MAX_CHASE_DEPTH = 3;
const MAX_CHASED = 3;

const NODE_TYPES = new Set<number>([TYPE.A, TYPE.AAAA, TYPE.TXT, TYPE.ANY]);

/** Answers a question about one of our names; for a service with no more than `maxAnswers` answers. */
export function answerQuestion(
  question: Question,
  name: OwnName,
  sources: AnswerSources,
  maxAnswers: number,
): Reply {
  return inquire(question, name, sources, maxAnswers, 0);
}

function inquire(
  question: Question,
  { domain, target }: OwnName,
  sources: AnswerSources,
  maxAnswers: number,
  depth: number,
): Reply {
  const { catalog, policy, random, clock } = sources;
  const nowSeconds = Math.floor(clock.now() / 1000);
  const chase = (name: WireName) => chaseName(name, sources, depth + 1);
  const inquiry: Inquiry = { question, domain, catalog, policy, random, nowSeconds, maxAnswers, chase };
  if (question.type === TYPE.SOA || question.type === TYPE.NS) return answerAuthority(inquiry);
  if (target.kind === 'nothing') return nameError(inquiry);
  if (target.kind === 'address') return answerAddress(target.address, inquiry);
  // Compat(consul): a node has no other types, known or not, and says so without an SOA.
  if (target.kind === 'node' && !NODE_TYPES.has(question.type)) return EMPTY_REPLY;
  if (target.datacenter !== undefined && target.datacenter !== catalog.datacenter.toLowerCase()) {
    return nameError(inquiry);
  }
  if (target.kind === 'node') {
    const node = catalog.node(target.node);
    return node ? answerNode(node, inquiry) : nameError(inquiry);
  }
  return answerService(catalog.service(target.service, target.tag) ?? [], inquiry);
}

function chaseName(name: WireName, sources: AnswerSources, depth: number): readonly ResourceRecord[] {
  const own = depth <= MAX_CHASE_DEPTH ? parseName(name, TYPE.ANY) : undefined;
  if (!own) return [];
  const { answers } = inquire({ name, type: TYPE.ANY, class: CLASS_IN }, own, sources, MAX_CHASED, depth);
  return answers.map(({ record }) => record).filter(({ type }) => type !== 'TXT');
}

// Compat(consul): a node without an address of the family asked for answers without an SOA.
function answerNode(node: DnsNode, inquiry: Inquiry): Reply {
  const { type, name: owner } = inquiry.question;
  const meta = metaRecords(node, owner, inquiry.policy.nodeTtlSeconds);
  const addresses = type === TYPE.TXT ? [] : nodeAddress(node, inquiry);
  if (type === TYPE.A || type === TYPE.AAAA) {
    return { ...EMPTY_REPLY, answers: addresses.map(withoutGlue), additionals: meta };
  }
  return { ...EMPTY_REPLY, answers: [...addresses, ...meta].map(withoutGlue) };
}

/** The node's A or AAAA, or a CNAME if its address is a host name. */
function nodeAddress(node: DnsNode, { question, policy, chase }: Inquiry): ResourceRecord[] {
  const { name: owner, type } = question;
  const ttlSeconds = policy.nodeTtlSeconds;
  const address = parseAddress(node.address);
  if (address) return isAskedFor(address, type) ? [{ type: 'address', owner, ttlSeconds, address }] : [];
  const target = nameFromText(node.address);
  if (target === undefined) return [];
  const chain = chase(target).map((record) => ({ ...record, ttlSeconds }));
  return [{ type: 'CNAME', owner, ttlSeconds, target }, ...chain];
}

/** Any address is answered, registered or not. Under a type it is no record of, it comes as additional only. */
function answerAddress(address: Uint8Array, { question, policy }: Inquiry): Reply {
  const { name: owner, type } = question;
  const record: ResourceRecord = { type: 'address', owner, ttlSeconds: policy.nodeTtlSeconds, address };
  return isAskedFor(address, type)
    ? { ...EMPTY_REPLY, answers: [withoutGlue(record)] }
    : { ...EMPTY_REPLY, additionals: [record] };
}

function withoutGlue(record: ResourceRecord): Answer {
  return { record, glue: [] };
}
