import type { Clock } from '../../platform/clock.ts';
import type { Random } from '../../platform/random.ts';
import { parseAddress } from './address.ts';
import { answerAuthority } from './authority.ts';
import type { DnsCatalog, DnsNode } from './lookup.ts';
import { parseName, type NameTarget, type OwnName } from './names.ts';
import { EMPTY_REPLY, isAskedFor, metaRecords, nameError, noData, startOfAuthority } from './reply.ts';
import type { Answer, AnswerPolicy, Inquiry, Reply } from './reply.ts';
import { answerInOrder, answerService, usableOf } from './service-answers.ts';
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

/** Who asks, and how much of an answer is of use to them. */
export interface Asker {
  readonly clientAddress: string | undefined;
  readonly maxAnswers: number;
}

type LocatedTarget = Extract<NameTarget, { kind: 'service' | 'key' | 'node' | 'query' }>;

/** How many names a CNAME or a glue target is followed through, and how many records each of them may add. */
const MAX_CHASE_DEPTH = 3;
const MAX_CHASED = 3;
/** A lookup by key walks the ring no further than this. */
const MAX_PREFERRED = 1024;

const NODE_TYPES = new Set<number>([TYPE.A, TYPE.AAAA, TYPE.TXT, TYPE.ANY]);

/** Answers a question about one of our names; for a service with no more than `maxAnswers` answers. */
export function answerQuestion(
  question: Question,
  name: OwnName,
  sources: AnswerSources,
  asker: Asker,
): Reply {
  const inquiry = inquiryOf(question, name, sources, asker);
  return inquire(name.target, inquiry);
}

/** What answering a question takes; `depth` is how many names led to it. */
export function inquiryOf(
  question: Question,
  { domain }: OwnName,
  sources: AnswerSources,
  { clientAddress, maxAnswers }: Asker,
  depth = 0,
): Inquiry {
  const { catalog, policy, random, clock } = sources;
  const nowSeconds = Math.floor(clock.now() / 1000);
  const chase = (name: WireName) => chaseName(name, sources, clientAddress, depth + 1);
  return { question, domain, catalog, policy, random, nowSeconds, clientAddress, maxAnswers, chase };
}

function inquire(target: NameTarget, inquiry: Inquiry): Reply {
  const { question, catalog } = inquiry;
  if (target.kind === 'reverse') return answerReverse(target.address, inquiry);
  if (question.type === TYPE.SOA || question.type === TYPE.NS) return answerAuthority(inquiry);
  if (target.kind === 'nothing') return nameError(inquiry);
  if (target.kind === 'address') return answerAddress(target.address, inquiry);
  // Compat(consul): a node has no other types, known or not, and says so without an SOA.
  if (target.kind === 'node' && !NODE_TYPES.has(question.type)) return EMPTY_REPLY;
  const { datacenter = catalog.datacenter } = target;
  return datacenter.toLowerCase() === catalog.datacenter.toLowerCase()
    ? inquireHere(target, inquiry)
    : nameError(inquiry);
}

function inquireHere(target: LocatedTarget, inquiry: Inquiry): Reply {
  const { catalog, policy } = inquiry;
  switch (target.kind) {
    case 'node': {
      const node = catalog.node(target.node);
      return node ? answerNode(node, inquiry) : nameError(inquiry);
    }
    case 'query':
      return answerPreparedQuery(target.query, inquiry);
    case 'key': {
      const preferred = catalog.preferenceList(target.service, target.key, MAX_PREFERRED) ?? [];
      return answerInOrder(usableOf(preferred, inquiry), inquiry, policy.serviceTtlSeconds(target.service));
    }
    case 'service': {
      const instances = catalog.service(target.service, target.tag) ?? [];
      return answerService(instances, inquiry, policy.serviceTtlSeconds(target.service));
    }
  }
}

function chaseName(
  name: WireName,
  sources: AnswerSources,
  clientAddress: string | undefined,
  depth: number,
): readonly ResourceRecord[] {
  const own = depth <= MAX_CHASE_DEPTH ? parseName(name, TYPE.ANY) : undefined;
  if (!own) return [];
  const question = { name, type: TYPE.ANY, class: CLASS_IN };
  const asker = { clientAddress, maxAnswers: MAX_CHASED };
  const { answers } = inquire(own.target, inquiryOf(question, own, sources, asker, depth));
  return answers.map(({ record }) => record).filter(({ type }) => type !== 'TXT');
}

function answerPreparedQuery(nameOrId: string, inquiry: Inquiry): Reply {
  const found = inquiry.catalog.query(nameOrId, inquiry.clientAddress);
  if (found === undefined) return nameError(inquiry);
  const ttlSeconds = found.ttlSeconds ?? inquiry.policy.serviceTtlSeconds(found.service.toLowerCase());
  return { ...answerInOrder(found.instances, inquiry, ttlSeconds), forClient: true };
}

/** Compat(consul): whatever the type, a reverse name answers PTR, with TTL 0; for SOA that of the first domain too. */
function answerReverse(address: Uint8Array | undefined, inquiry: Inquiry): Reply {
  const { catalog, domain, question } = inquiry;
  const found = address && catalog.nameAt(address);
  if (found === undefined) return nameError(inquiry);
  const target = nameFromText(`${found}.${catalog.datacenter}.${domain}`);
  if (target === undefined) return noData(inquiry);
  const record: ResourceRecord = { type: 'PTR', owner: question.name, ttlSeconds: 0, target };
  const authorities = question.type === TYPE.SOA ? [startOfAuthority(inquiry)] : [];
  return { ...EMPTY_REPLY, answers: [withoutGlue(record)], authorities };
}

// Compat(consul): a node without an address of the family asked for answers without an SOA.
function answerNode(node: DnsNode, inquiry: Inquiry): Reply {
  const { type, name: owner } = inquiry.question;
  const { nodeTtlSeconds, additionalNodeMeta } = inquiry.policy;
  const meta = metaRecords(node, owner, nodeTtlSeconds);
  const addresses = type === TYPE.TXT ? [] : nodeAddress(node, inquiry);
  if (type === TYPE.A || type === TYPE.AAAA) {
    return {
      ...EMPTY_REPLY,
      answers: addresses.map(withoutGlue),
      additionals: additionalNodeMeta ? meta : [],
    };
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
