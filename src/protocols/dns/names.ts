import { parseAddressLabel } from './address.ts';
import { lowerLabels, type WireName } from './wire-name.ts';
import { TYPE } from './wire-record.ts';

/** The domains this server is authoritative for; answers stay in the one that the question used. */
const DOMAINS = ['consul', 'rollcall'] as const;
export type Domain = (typeof DOMAINS)[number];

/** What a name under our domains asks for. All text is in lower case. */
export type NameTarget =
  | {
      readonly kind: 'service';
      readonly service: string;
      readonly tag: string | undefined;
      readonly datacenter: string | undefined;
    }
  | { readonly kind: 'node'; readonly node: string; readonly datacenter: string | undefined }
  | { readonly kind: 'address'; readonly address: Uint8Array }
  /** No name of ours: it does not exist. */
  | { readonly kind: 'nothing' };

export interface OwnName {
  readonly domain: Domain;
  readonly target: NameTarget;
}

const NOTHING: NameTarget = { kind: 'nothing' };

/** Labels that say what stands to their left; the last one in a name counts. */
const KINDS = new Set(['service', 'node', 'addr', 'query', 'connect', 'ingress', 'virtual']);

/**
 * Parses a question's name; `undefined` outside our domains.
 *
 * `[tag.]<service>.service`, `_<service>._<tag>.service`, `<node>.node`, each with `[.<dc>[.dc]]`, and
 * `<8 or 32 hex digits>.addr`. Tags and node names may contain dots. For SRV, `_<service>._<tag>` needs no `service`.
 */
export function parseName(name: WireName, type: number): OwnName | undefined {
  const labels = lowerLabels(name);
  const last = labels.pop();
  const domain = DOMAINS.find((known) => known === last);
  return domain && { domain, target: parseTarget(labels, type) };
}

function parseTarget(labels: readonly string[], type: number): NameTarget {
  const isRfc2782 = (label: string) => type === TYPE.SRV && label.startsWith('_');
  const at = labels.findLastIndex((label) => KINDS.has(label) || isRfc2782(label));
  const kind = labels[at];
  if (kind === undefined) return NOTHING;
  const suffix = labels.slice(at + 1);
  if (!KINDS.has(kind)) return parseService(labels.slice(0, at + 1), suffix);
  const parts = labels.slice(0, at);
  if (kind === 'service') return parseService(parts, suffix);
  if (kind === 'node') return parseNode(parts, suffix);
  // Compat(consul): an address name holds all of its answer, so whatever follows addr is ignored.
  return kind === 'addr' ? parseAddressName(parts) : NOTHING;
}

function parseService(parts: readonly string[], suffix: readonly string[]): NameTarget {
  const service = parts.at(-1);
  if (service === undefined || !isLocality(suffix)) return NOTHING;
  const datacenter = suffix[0];
  const [first = '', second = ''] = parts;
  if (parts.length === 2 && first.startsWith('_') && second.startsWith('_')) {
    const tag = second === '_tcp' ? undefined : second.slice(1);
    return { kind: 'service', service: first.slice(1), tag, datacenter };
  }
  const tag = parts.length > 1 ? parts.slice(0, -1).join('.') : undefined;
  return { kind: 'service', service, tag, datacenter };
}

function parseNode(parts: readonly string[], suffix: readonly string[]): NameTarget {
  if (parts.length === 0 || !isLocality(suffix)) return NOTHING;
  return { kind: 'node', node: parts.join('.'), datacenter: suffix[0] };
}

function parseAddressName(parts: readonly string[]): NameTarget {
  const address = parts.length === 1 ? parseAddressLabel(parts[0] ?? '') : undefined;
  return address ? { kind: 'address', address } : NOTHING;
}

/** Nothing, `<dc>` or `<dc>.dc`. */
function isLocality(suffix: readonly string[]): boolean {
  return suffix.length <= 1 || (suffix.length === 2 && suffix[1] === 'dc');
}
