import type { Random } from '../../platform/random.ts';
import type { DnsCatalog, DnsNode } from './lookup.ts';
import type { Domain } from './names.ts';
import { nameFromText, type WireName } from './wire-name.ts';
import type { Question } from './wire-query.ts';
import { RCODE, TYPE, type Rcode, type ResourceRecord, type SoaRecord } from './wire-record.ts';

/** How answers are made, whatever the question. */
export interface AnswerPolicy {
  /** TTL of A, AAAA, CNAME and SRV records of a service, named in lower case, and of their glue. */
  readonly serviceTtlSeconds: (service: string) => number;
  /** TTL of the records of nodes and addresses. */
  readonly nodeTtlSeconds: number;
  /** Leave out instances in `warning`, as those in `critical` always are. */
  readonly onlyPassing: boolean;
  /** The most A, AAAA and CNAME records of a service in one answer; 0 means any number. */
  readonly aRecordLimit: number;
  /** Send the metadata of nodes along where nobody asked for it. */
  readonly additionalNodeMeta: boolean;
  readonly soa: SoaTimes;
}

/** What an SOA record tells secondaries and resolvers. */
export type SoaTimes = Pick<
  SoaRecord,
  'refreshSeconds' | 'retrySeconds' | 'expireSeconds' | 'negativeTtlSeconds'
>;

/** One question being answered, and what answering it takes. */
export interface Inquiry {
  readonly question: Question;
  readonly domain: Domain;
  readonly catalog: DnsCatalog;
  readonly policy: AnswerPolicy;
  readonly random: Random;
  /** Wall clock, seconds since 1970. */
  readonly nowSeconds: number;
  /** Where the question comes from: the client's subnet if a resolver names it, else the asker. */
  readonly clientAddress: string | undefined;
  /** More answers than this are of no use to the asker. */
  readonly maxAnswers: number;
  /** The answer records for a host name under our own domains; none for others, nor past a depth of 3. */
  readonly chase: (name: WireName) => readonly ResourceRecord[];
}

/** A record of the answer section and the additional records that go with it, wherever it goes. */
export interface Answer {
  readonly record: ResourceRecord;
  readonly glue: readonly ResourceRecord[];
}

export interface Reply {
  readonly rcode: Rcode;
  readonly answers: readonly Answer[];
  /** False if there were more answers than `maxAnswers`. */
  readonly complete: boolean;
  /** Another client might be answered differently (RFC 7871, 7.2.1). */
  readonly forClient?: boolean;
  readonly authorities: readonly ResourceRecord[];
  readonly additionals: readonly ResourceRecord[];
}

export const EMPTY_REPLY: Reply = {
  rcode: RCODE.NOERROR,
  answers: [],
  complete: true,
  authorities: [],
  additionals: [],
};

/** The name does not exist (NXDOMAIN). */
export function nameError(inquiry: Inquiry): Reply {
  return { ...EMPTY_REPLY, rcode: RCODE.NXDOMAIN, authorities: [startOfAuthority(inquiry)] };
}

/** The name exists and has no record of this type (NODATA). */
export function noData(inquiry: Inquiry): Reply {
  return { ...EMPTY_REPLY, authorities: [startOfAuthority(inquiry)] };
}

/** SOA of the question's domain. */
export function startOfAuthority({ domain, nowSeconds, policy }: Inquiry): SoaRecord {
  return {
    type: 'SOA',
    owner: nameFromText(domain) ?? '',
    ttlSeconds: policy.soa.negativeTtlSeconds,
    primary: nameFromText(`ns.${domain}`) ?? '',
    mailbox: nameFromText(`hostmaster.${domain}`) ?? '',
    serial: nowSeconds,
    ...policy.soa,
  };
}

/** Whether an address is a record of the type asked for: A, AAAA or ANY. */
export function isAskedFor(address: Uint8Array, type: number): boolean {
  return type === TYPE.ANY || type === (address.length === 4 ? TYPE.A : TYPE.AAAA);
}

/** `<node>.node.<dc>.<domain>` in the node's own case; `undefined` if DNS cannot carry it. */
export function nodeName(node: DnsNode, { catalog, domain }: Inquiry): WireName | undefined {
  return nameFromText(`${node.name}.node.${catalog.datacenter}.${domain}`);
}

/** A node's metadata as TXT records, `key=value` (RFC 1464); just the value for keys that start with `rfc1035-`. */
export function metaRecords(node: DnsNode, owner: WireName, ttlSeconds: number): ResourceRecord[] {
  return Object.entries(node.meta).map(([key, value]) => {
    const text = /^rfc1035-/i.test(key) ? value : `${escapeKey(key)}=${value.replaceAll('`', '``')}`;
    return { type: 'TXT', owner, ttlSeconds, text };
  });
}

function escapeKey(key: string): string {
  const quoted = key.replaceAll('`', '``').replaceAll('=', '`=');
  return quoted.replace(/^ +| +$/g, (spaces) => '` '.repeat(spaces.length));
}
