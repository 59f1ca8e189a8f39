import { parseAddress } from './address.ts';
import type { DnsNode } from './lookup.ts';
import { EMPTY_REPLY, startOfAuthority, type Answer, type Inquiry, type Reply } from './reply.ts';
import { nameFromText } from './wire-name.ts';
import { TYPE } from './wire-record.ts';

/** The registry's own nodes are registered under this name, as Consul's servers are. */
const SERVER_SERVICE = 'consul';
const MAX_NAME_SERVERS = 3;

/** Answers SOA and NS, which every name under a domain answers for that domain. */
export function answerAuthority(inquiry: Inquiry): Reply {
  const servers = nameServers(inquiry);
  if (inquiry.question.type === TYPE.NS) return { ...EMPTY_REPLY, answers: servers };
  return {
    ...EMPTY_REPLY,
    answers: [{ record: startOfAuthority(inquiry), glue: [] }],
    authorities: servers.map(({ record }) => record),
    additionals: servers.flatMap(({ glue }) => glue),
  };
}

/** Up to three NS records, of servers that are not critical and that have a host name's characters only. */
function nameServers({ catalog, domain, random, policy }: Inquiry): Answer[] {
  const servers = new Map<string, DnsNode>();
  for (const { node, status } of catalog.service(SERVER_SERVICE) ?? []) {
    const name = node.name.toLowerCase();
    if (status !== 'critical' && /^[a-z0-9-]+$/.test(name)) servers.set(name, node);
  }
  const candidates = [...servers];
  const answers: Answer[] = [];
  const ttlSeconds = policy.nodeTtlSeconds;
  while (answers.length < MAX_NAME_SERVERS && candidates.length > 0) {
    const [drawn] = candidates.splice(Math.floor(random.fraction() * candidates.length), 1);
    const target = drawn && nameFromText(`${drawn[0]}.node.${catalog.datacenter}.${domain}`);
    if (target === undefined) continue;
    const address = parseAddress(drawn?.[1].address ?? '');
    const owner = nameFromText(domain) ?? '';
    answers.push({
      record: { type: 'NS', owner, ttlSeconds, target },
      glue: address ? [{ type: 'address', owner: target, ttlSeconds, address }] : [],
    });
  }
  return answers;
}
