import type { Random } from '../../platform/random.ts';
import { addressLabel, parseAddress } from './address.ts';
import type { DnsInstance } from './lookup.ts';
import { EMPTY_REPLY, isAskedFor, metaRecords, nameError, noData, nodeName } from './reply.ts';
import type { Answer, Inquiry, Reply } from './reply.ts';
import { isSameName, nameFromText, type WireName } from './wire-name.ts';
import { TYPE, type ResourceRecord } from './wire-record.ts';

/** Answers a question for a service from its instances, of whatever status, in random order. */
export function answerService(
  instances: readonly DnsInstance[],
  inquiry: Inquiry,
  ttlSeconds: number,
): Reply {
  const usable = usableOf(instances, inquiry);
  return answerInstances(usable.length, shuffled(usable, inquiry.random), inquiry, ttlSeconds);
}

/** The same from exactly these instances in this order. */
export function answerInOrder(
  instances: readonly DnsInstance[],
  inquiry: Inquiry,
  ttlSeconds: number,
): Reply {
  return answerInstances(instances.length, instances, inquiry, ttlSeconds);
}

/** Those whose status lets them be answered. */
export function usableOf(instances: readonly DnsInstance[], { policy }: Inquiry): readonly DnsInstance[] {
  return instances.filter(
    ({ status }) => status === 'passing' || (status === 'warning' && !policy.onlyPassing),
  );
}

function answerInstances(
  count: number,
  order: Iterable<DnsInstance>,
  inquiry: Inquiry,
  ttlSeconds: number,
): Reply {
  // Compat(consul): a service whose instances are all critical does not exist.
  if (count === 0) return nameError(inquiry);
  const isSrv = inquiry.question.type === TYPE.SRV;
  const found = isSrv
    ? serviceRecords(order, inquiry, ttlSeconds)
    : addressRecords(order, inquiry, ttlSeconds);
  return found.answers.length === 0 ? noData(inquiry) : { ...EMPTY_REPLY, ...found };
}

interface Found {
  readonly answers: readonly Answer[];
  readonly complete: boolean;
}

const NO_GLUE: readonly ResourceRecord[] = [];

/** One A or AAAA per address. If only host names are left, one CNAME and what it leads to under our domains. */
function addressRecords(order: Iterable<DnsInstance>, inquiry: Inquiry, ttlSeconds: number): Found {
  const { question, policy, maxAnswers } = inquiry;
  const owner = question.name;
  const limit = policy.aRecordLimit || Infinity;
  // Compat(consul): TXT of a service answers with its addresses.
  const takesAny = question.type === TYPE.TXT;
  const answers: Answer[] = [];
  const seen = new Set<string>();
  let alias: WireName | undefined;
  for (const instance of order) {
    const endpoint = locate(instance, inquiry);
    if (!endpoint?.address) {
      alias ??= endpoint?.hostName;
      continue;
    }
    const { address } = endpoint;
    const key = addressLabel(address);
    if (!(takesAny || isAskedFor(address, question.type)) || seen.has(key)) continue;
    // Consul's limit counts as the whole answer, which nothing is missing from.
    if (answers.length === limit) break;
    if (answers.length === maxAnswers) return { answers, complete: false };
    seen.add(key);
    answers.push({ record: { type: 'address', owner, ttlSeconds, address }, glue: NO_GLUE });
  }
  if (answers.length > 0 || alias === undefined) return { answers, complete: true };
  const chain: ResourceRecord[] = [{ type: 'CNAME', owner, ttlSeconds, target: alias }];
  // Compat(consul): the chain of a CNAME holds addresses of both families, whichever was asked for.
  for (const record of inquiry.chase(alias)) chain.push({ ...record, ttlSeconds });
  const complete = chain.length <= maxAnswers;
  return { answers: chain.slice(0, maxAnswers).map((record) => ({ record, glue: NO_GLUE })), complete };
}

/** One SRV per node, address and port; every target that is ours brings its addresses along. */
function serviceRecords(order: Iterable<DnsInstance>, inquiry: Inquiry, ttlSeconds: number): Found {
  const { question, maxAnswers } = inquiry;
  const answers: Answer[] = [];
  const seen = new Set<string>();
  const glue: GlueByOwner = { targets: new Map(), nodes: new Map() };
  for (const instance of order) {
    const { node, address, port, weights, status } = instance;
    const key = `${node.name}\0${address}\0${port}`;
    const endpoint = locate(instance, inquiry);
    if (!endpoint || seen.has(key)) continue;
    const target = targetOf(endpoint, instance, inquiry);
    if (target === undefined) continue;
    if (answers.length === maxAnswers) return { answers, complete: false };
    seen.add(key);
    // Only a prepared query may answer with an instance that is critical.
    const weight = status === 'critical' ? 0 : weights[status];
    answers.push({
      record: { type: 'SRV', owner: question.name, ttlSeconds, priority: 1, weight, port, target },
      glue: glueOf(endpoint, target, instance, { inquiry, ttlSeconds, glue }),
    });
  }
  return { answers, complete: true };
}

/** Where an instance listens: an address, or else a host name. */
interface Endpoint {
  readonly address: Uint8Array | undefined;
  readonly hostName: WireName | undefined;
  /** The address is that of the node. */
  readonly isNode: boolean;
}

/** `undefined` if DNS can carry neither the instance's address nor its node's. */
function locate(instance: DnsInstance, { question }: Inquiry): Endpoint | undefined {
  if (instance.address !== '') {
    const address = parseAddress(instance.address);
    if (address) return { address, hostName: undefined, isNode: false };
    const hostName = nameFromText(instance.address);
    // A service that is registered under its own DNS name would lead back to itself.
    if (hostName !== undefined && !isSameName(hostName, question.name)) {
      return { address: undefined, hostName, isNode: false };
    }
  }
  const address = parseAddress(instance.node.address);
  const hostName = address ? undefined : nameFromText(instance.node.address);
  return address || hostName !== undefined ? { address, hostName, isNode: true } : undefined;
}

/** The node's name if the address is the node's, `<hex>.addr` for any other address, or the host name. */
function targetOf(endpoint: Endpoint, { node }: DnsInstance, inquiry: Inquiry): WireName | undefined {
  if (!endpoint.address) return endpoint.hostName;
  const { catalog, domain } = inquiry;
  return (
    (endpoint.isNode ? nodeName(node, inquiry) : undefined) ??
    nameFromText(`${addressLabel(endpoint.address)}.addr.${catalog.datacenter}.${domain}`)
  );
}

/** The glue of an answer so far. What several answers need they share, so that it can be sent once. */
interface GlueByOwner {
  readonly targets: Map<WireName, readonly ResourceRecord[]>;
  readonly nodes: Map<WireName, readonly ResourceRecord[]>;
}

interface Gluing {
  readonly inquiry: Inquiry;
  readonly ttlSeconds: number;
  readonly glue: GlueByOwner;
}

function glueOf(
  endpoint: Endpoint,
  target: WireName,
  { node }: DnsInstance,
  { inquiry, ttlSeconds, glue }: Gluing,
): readonly ResourceRecord[] {
  const { address } = endpoint;
  const addresses = getOrAdd(glue.targets, target, (): readonly ResourceRecord[] =>
    address
      ? [{ type: 'address', owner: target, ttlSeconds, address }]
      : inquiry.chase(target).map((record) => ({ ...record, ttlSeconds })),
  );
  const owner = address && inquiry.policy.additionalNodeMeta ? nodeName(node, inquiry) : undefined;
  if (owner === undefined) return addresses;
  const meta = getOrAdd(glue.nodes, owner, () => metaRecords(node, owner, ttlSeconds));
  return meta.length === 0 ? addresses : [...addresses, ...meta];
}

function getOrAdd<V>(map: Map<string, V>, key: string, make: () => V): V {
  const held = map.get(key);
  if (held !== undefined) return held;
  const made = make();
  map.set(key, made);
  return made;
}

/** Draws without replacement (Fisher-Yates), and no further than is read. */
function* shuffled<T extends object>(items: readonly T[], random: Random): Generator<T> {
  const rest = items.slice();
  for (let left = rest.length; left > 0; left--) {
    const at = Math.floor(random.fraction() * left);
    const drawn = rest[at];
    const last = rest[left - 1];
    if (!drawn || !last) return;
    rest[at] = last;
    yield drawn;
  }
}
