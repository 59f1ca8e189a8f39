import type { PreparedQuery, QueryTarget, Stored } from '../../core/index.ts';
import { ConsulError } from './errors.ts';
import { bool, int, json, list, map, optional, struct, text } from './go-decode.ts';
import { DurationError, parseGoDuration } from './go-duration.ts';
import { goMap, type GoStruct } from './go-json.ts';
import { nodeMetaError } from './service-meta.ts';
import { consulFields } from './shapes.ts';

const TEMPLATE_TYPE = 'name_prefix_match';
const REDACTED = '<hidden>';
const NS_PER_MS = 1e6;

/** A prepared query as it is asked for. */
export const queryDefinition = struct('PreparedQuery', {
  ID: text,
  Name: text,
  Session: text,
  Token: text,
  Template: struct('QueryTemplateOptions', { Type: text, Regexp: text, RemoveEmptyTags: bool }),
  Service: struct('ServiceQuery', {
    Service: text,
    SamenessGroup: text,
    Failover: struct('QueryFailoverOptions', {
      NearestN: int,
      Datacenters: optional(list(text)),
      Targets: json,
    }),
    OnlyPassing: bool,
    IgnoreCheckIDs: optional(list(text)),
    Near: text,
    Tags: optional(list(text)),
    NodeMeta: map(text),
    ServiceMeta: map(text),
    Connect: bool,
    Peer: text,
  }),
  DNS: struct('QueryDNSOptions', { TTL: text }),
});

type QueryDefinition = ReturnType<typeof queryDefinition>;

/** The query a definition asks for. Throws Consul's errors for what cannot be. */
export function preparedQueryOf(definition: QueryDefinition): Omit<PreparedQuery, 'id'> {
  const { Name, Session, Token, Template, Service, DNS } = definition;
  if (Name === '' && Session === '' && Template.Type === '') throw invalid('Must be bound to a session');
  if (Token === REDACTED)
    throw invalid(
      `Bad Token '${REDACTED}', it looks like a query definition with a redacted token was submitted`,
    );
  validateService(Service);
  const ttlMs = ttlOf(DNS.TTL);
  if (Session !== '' && Session.length !== 36)
    throw new ConsulError(500, 'invalid session: index error: UUID must be 36 characters');
  if (Template.Type !== '' && Template.Type !== TEMPLATE_TYPE)
    throw new ConsulError(500, `failed compiling template: Bad Template.Type '${Template.Type}'`);
  const { Regexp: regexp, RemoveEmptyTags: removeEmptyTags } = Template;
  return {
    name: Name,
    session: Session.toLowerCase(),
    token: Token,
    ...(Template.Type !== '' && { template: { regexp, removeEmptyTags } }),
    target: targetOf(Service),
    ...(ttlMs !== undefined && { ttlMs }),
    // Told back as they were given.
    extensions: {
      consul: {
        Template,
        TTL: DNS.TTL,
        SamenessGroup: Service.SamenessGroup,
        Peer: Service.Peer,
        Targets: Service.Failover.Targets ?? null,
      },
    },
  };
}

/** A query as it is told, with what it looks for in place of its own where that is filled in. */
export function preparedQueryShape(query: Stored<PreparedQuery>, target = query.target): GoStruct {
  const { Template, TTL, SamenessGroup, Peer, Targets } = consulFields(query);
  return {
    ID: query.id,
    Name: query.name,
    Session: query.session,
    Token: query.token,
    Template: Template ?? { Type: '', Regexp: '', RemoveEmptyTags: false },
    Service: {
      Service: target.service,
      SamenessGroup: SamenessGroup ?? '',
      Failover: {
        NearestN: target.failover.nearest,
        Datacenters: target.failover.datacenters ?? null,
        Targets: Targets ?? null,
      },
      OnlyPassing: target.onlyPassing,
      IgnoreCheckIDs: target.ignoredChecks ?? null,
      Near: target.near,
      Tags: target.tags ?? null,
      NodeMeta: goMap(target.nodeMeta) ?? null,
      ServiceMeta: goMap(target.serviceMeta) ?? null,
      Connect: target.isConnect,
      Peer: Peer ?? '',
    },
    DNS: { TTL: TTL ?? '' },
    CreateIndex: query.createRevision,
    ModifyIndex: query.modifyRevision,
  };
}

function targetOf(service: QueryDefinition['Service']): QueryTarget {
  const { Failover, IgnoreCheckIDs, Tags, NodeMeta, ServiceMeta } = service;
  const { Datacenters } = Failover;
  return {
    service: service.Service,
    failover: { nearest: Failover.NearestN, ...(Datacenters && { datacenters: Datacenters }) },
    onlyPassing: service.OnlyPassing,
    ...(IgnoreCheckIDs && { ignoredChecks: IgnoreCheckIDs }),
    near: service.Near,
    ...(Tags && { tags: Tags }),
    ...(NodeMeta && { nodeMeta: NodeMeta }),
    ...(ServiceMeta && { serviceMeta: ServiceMeta }),
    isConnect: service.Connect,
  };
}

function validateService({ Service, Failover, NodeMeta }: QueryDefinition['Service']): void {
  if (Service === '') throw invalid('Must provide a Service name to query');
  if (Failover.NearestN < 0) throw invalid(`Bad NearestN '${String(Failover.NearestN)}', must be >= 0`);
  const reason = nodeMetaError(NodeMeta ?? {});
  if (reason !== undefined) throw invalid(reason);
}

function ttlOf(text: string): number | undefined {
  if (text === '') return undefined;
  try {
    const ttlMs = parseGoDuration(text);
    if (ttlMs < 0) throw invalid(`DNS TTL '${String(Math.round(ttlMs * NS_PER_MS))}', must be >=0`);
    return ttlMs;
  } catch (error) {
    throw error instanceof DurationError ? invalid(`Bad DNS TTL '${text}': ${error.message}`) : error;
  }
}

function invalid(reason: string): ConsulError {
  return new ConsulError(500, `Invalid prepared query: ${reason}`);
}
