import { parseAddressLabel } from './address.ts';
import { parseReverseLabels } from './reverse-name.ts';
import { lowerLabels, type WireName } from './wire-name.ts';
import { TYPE } from './wire-record.ts';

/** The domains this server is authoritative for; answers stay in the one that the question used. */
const DOMAINS = ['consul', 'rollcall'] as const;
export type Domain = (typeof DOMAINS)[number];

/** A key as a label carries it: its text in lower case, or the hash of a key that no label can carry. */
export type KeyLabel = { readonly text: string } | { readonly hash: string };

interface Located {
  readonly datacenter: string | undefined;
}

/** What a name under our domains asks for. All text is in lower case. */
export type NameTarget =
  | (Located & { readonly kind: 'service'; readonly service: string; readonly tag: string | undefined })
  | (Located & { readonly kind: 'key'; readonly service: string; readonly key: KeyLabel })
  | (Located & { readonly kind: 'node'; readonly node: string })
  /** A prepared query, by its name or id. */
  | (Located & { readonly kind: 'query'; readonly query: string })
  | { readonly kind: 'address'; readonly address: Uint8Array }
  /** Whose address is it? `undefined` for a reverse name that is no whole address. */
  | { readonly kind: 'reverse'; readonly address: Uint8Array | undefined }
  /** No name of ours: it does not exist. */
  | { readonly kind: 'nothing' };

export interface OwnName {
  readonly domain: Domain;
  readonly target: NameTarget;
}

const NOTHING: NameTarget = { kind: 'nothing' };

/** Labels that say what stands to their left; the last one in a name counts. */
const KINDS = new Set(['service', 'node', 'addr', 'query', 'connect', 'ingress', 'virtual']);
/** Second label of a lookup by key; a service with this tag is still found by `key.<service>`. */
const KEY = 'key';

/**
 * Parses a question's name; `undefined` outside our domains and the reverse ones.
 *
 * `[tag.]<service>.service`, `<key>.key.<service>.service`, `_<service>._<tag>.service`, `<node>.node`,
 * `<name or id>.query` and `_<name or id>._tcp.query`, each with `[.<dc>[.dc]]`, and `<8 or 32 hex digits>.addr`.
 * Tags, node and query names may contain dots. For SRV, `_<service>._<tag>` needs no `service`.
 */
export function parseName(name: WireName, type: number): OwnName | undefined {
  const labels = lowerLabels(name);
  const last = labels.pop();
  if (last === 'arpa') {
    const address = parseReverseLabels(labels);
    return address === null ? undefined : { domain: DOMAINS[0], target: { kind: 'reverse', address } };
  }
  const domain = DOMAINS.find((known) => known === last);
  return domain && { domain, target: parseTarget(labels, type) };
}

function parseTarget(labels: readonly string[], type: number): NameTarget {
  const isRfc2782 = (label: string) => type === TYPE.SRV && label.startsWith('_');
  const at = labels.findLastIndex((label) => KINDS.has(label) || isRfc2782(label));
  const kind = labels[at];
  if (kind === undefined) return NOTHING;
  const suffix = labels.slice(at + 1);
  const parts = labels.slice(0, KINDS.has(kind) ? at : at + 1);
  // Compat(consul): an address name holds all of its answer, so whatever follows addr is ignored.
  if (kind === 'addr') return parseAddressName(parts);
  if (parts.length === 0 || !isLocality(suffix)) return NOTHING;
  const datacenter = suffix[0];
  if (kind === 'node') return { kind, node: parts.join('.'), datacenter };
  if (kind === 'query') return parseQuery(parts, datacenter);
  return kind === 'service' || !KINDS.has(kind) ? parseService(parts, datacenter) : NOTHING;
}

function parseService(parts: readonly string[], datacenter: string | undefined): NameTarget {
  const service = parts.at(-1) ?? '';
  const [first = '', second = ''] = parts;
  if (isPairOfUnderscored(parts)) {
    const tag = second === '_tcp' ? undefined : second.slice(1);
    return { kind: 'service', service: first.slice(1), tag, datacenter };
  }
  if (parts.length === 3 && second === KEY) return parseKey(first, service, datacenter);
  const tag = parts.length > 1 ? parts.slice(0, -1).join('.') : undefined;
  return { kind: 'service', service, tag, datacenter };
}

/** 16 hex digits are always a hash, so a key that looks like one is asked for by its own hash. */
function parseKey(label: string, service: string, datacenter: string | undefined): NameTarget {
  // Of other bytes nobody could say which key they spell: resolvers change the case of ASCII letters only.
  if (!/^[!-~]+$/.test(label)) return NOTHING;
  const key = /^[0-9a-f]{16}$/.test(label) ? { hash: label } : { text: label };
  return { kind: 'key', service, key, datacenter };
}

function parseQuery(parts: readonly string[], datacenter: string | undefined): NameTarget {
  const [first = ''] = parts;
  const query = isPairOfUnderscored(parts) ? first.slice(1) : parts.join('.');
  return { kind: 'query', query, datacenter };
}

function parseAddressName(parts: readonly string[]): NameTarget {
  const address = parts.length === 1 ? parseAddressLabel(parts[0] ?? '') : undefined;
  return address ? { kind: 'address', address } : NOTHING;
}

/** RFC 2782: `_<name>._<protocol>`. */
function isPairOfUnderscored(parts: readonly string[]): boolean {
  return parts.length === 2 && parts.every((part) => part.startsWith('_'));
}

/** Nothing, `<dc>` or `<dc>.dc`. */
function isLocality(suffix: readonly string[]): boolean {
  return suffix.length <= 1 || (suffix.length === 2 && suffix[1] === 'dc');
}
