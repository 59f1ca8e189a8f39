import type { Random } from '../../platform/random.ts';
import { addressLabel, parseAddress } from './address.ts';
import type { DnsInstance } from './lookup.ts';
import { EMPTY_REPLY, isAskedFor, metaRecords, nameError, noData, nodeName } from './reply.ts';
import type { Answer, Inquiry, Reply } from './reply.ts';
import { isSameName, nameFromText, type WireName } from './wire-name.ts';
import { TYPE, type ResourceRecord } from './wire-record.ts';

/** Answers a question for a service from its instances, of whatever status. */
export function answerService(instances: readonly DnsInstance[], inquiry: Inquiry): Reply {
  const { onlyPassing } = inquiry.policy;
  const usable = instances.filter(
    ({ status }) => status === 'passing' || (status === 'warning' && !onlyPassing),
  );
  // Compat(consul): a service whose instances are all critical does not exist.
  if (usable.length === 0) return nameError(inquiry);
  const order = shuffled(usable, inquiry.random);
  const found =
    inquiry.question.type === TYPE.SRV ? serviceRecords(order, inquiry) : addressRecords(order, inquiry);
  return found.answers.length === 0 ? noData(inquiry) : { ...EMPTY_REPLY, ...found };
}

interface Found {
  readonly answers: readonly Answer[];
  readonly complete: boolean;
}

const NO_GLUE: readonly ResourceRecord[] = [];

/** One A or AAAA per address. If only host names are left, one CNAME and what it leads to under our domains. */
function addressRecords(order: Iterable<DnsInstance>, inquiry: Inquiry): Found {
  const { question, policy, maxAnswers } = inquiry;
  const owner = question.name;
  const ttlSeconds = policy.serviceTtlSeconds;
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

/** One SRV per node, address and port; every target that is ours brings its addresses along once. */
function serviceRecords(order: Iterable<DnsInstance>, inquiry: Inquiry): Found {
  const { question, policy, maxAnswers } = inquiry;
  const ttlSeconds = policy.serviceTtlSeconds;
  const answers: Answer[] = [];
  const seen = new Set<string>();
  const glued: Glued = { targets: new Set(), nodes: new Set() };
  for (const instance of order) {
    const { node, address, port, weights, status } = instance;
    const key = `${node.name}\0${address}\0${port}`;
    const endpoint = locate(instance, inquiry);
    if (!endpoint || seen.has(key)) continue;
    const target = targetOf(endpoint, instance, inquiry);
    if (target === undefined) continue;
    if (answers.length === maxAnswers) return { answers, complete: false };
    seen.add(key);
    const weight = status === 'warning' ? weights.warning : weights.passing;
    answers.push({
      record: { type: 'SRV', owner: question.name, ttlSeconds, priority: 1, weight, port, target },
      glue: glueOf(endpoint, target, instance, inquiry, glued),
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

/** The targets whose addresses, and the nodes whose metadata, some answer brings along already. */
interface Glued {
  readonly targets: Set<WireName>;
  readonly nodes: Set<WireName>;
}

function glueOf(
  endpoint: Endpoint,
  target: WireName,
  { node }: DnsInstance,
  inquiry: Inquiry,
  glued: Glued,
): readonly ResourceRecord[] {
  const ttlSeconds = inquiry.policy.serviceTtlSeconds;
  const glue: ResourceRecord[] = [];
  if (!glued.targets.has(target)) {
    glued.targets.add(target);
    if (endpoint.address)
      glue.push({ type: 'address', owner: target, ttlSeconds, address: endpoint.address });
    else for (const record of inquiry.chase(target)) glue.push({ ...record, ttlSeconds });
  }
  const owner = endpoint.address && nodeName(node, inquiry);
  if (owner !== undefined && !glued.nodes.has(owner)) {
    glued.nodes.add(owner);
    glue.push(...metaRecords(node, owner, ttlSeconds));
  }
  return glue;
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
