import type { BatchOutcome, BatchRecord, BatchRefusal, Revision } from '../../core/index.ts';
import type { Route, RouteRequest, RouteResponse } from '../../http/index.ts';
import { isPretty, jsonAnswer } from './answers.ts';
import { put, type ConsulContext } from './context.ts';
import type { GoStruct } from './go-json.ts';
import { readParameters, requireDatacenter } from './read-parameters.ts';
import { checkShape, kvShape, nodeServiceShape, nodeShape } from './shapes.ts';
import { batchOf, decodeTxn, isReadOnly } from './txn-decode.ts';

const MAX_OPERATIONS = 128;

/** Operations on keys, nodes, services and checks that apply together or not at all. */
export function txnRoutes(context: ConsulContext): Route[] {
  const { kvMaxValueBytes } = context.options;
  const route = put('/v1/txn', (request) => transact(context, request));
  return [{ ...route, bodyLimitBytes: kvMaxValueBytes }];
}

async function transact({ registry, options }: ConsulContext, request: RouteRequest): Promise<RouteResponse> {
  const operations = decodeTxn(request.body, options.kvMaxValueBytes, MAX_OPERATIONS);
  const decoded = batchOf(operations);
  const { datacenter } = registry.identity;
  requireDatacenter(request.query, datacenter);
  const refused = 'refusals' in decoded ? ({ outcome: 'refused', ...decoded } as const) : undefined;
  const batch = 'batch' in decoded ? decoded.batch : [];
  if (isReadOnly(operations)) {
    const { mode } = readParameters(request);
    const read = await registry.transactions.read(batch, mode);
    return freshAnswer(request, shape(refused ?? read.result, 0, datacenter), read);
  }
  const { result, revision } =
    refused === undefined ? await registry.transactions.apply(batch) : { result: refused, revision: 0 };
  return answer(request, shape(result, revision, datacenter));
}

/** Compat(consul): a transaction that only reads says how fresh its answer is. */
function freshAnswer(
  request: RouteRequest,
  body: GoStruct,
  { ageMs, knownLeader }: { readonly ageMs: number; readonly knownLeader: boolean },
): RouteResponse {
  const lastContactMs = knownLeader ? 0 : Math.min(ageMs, Number.MAX_SAFE_INTEGER);
  const answered = answer(request, {
    ...body,
    Index: 1,
    LastContact: BigInt(lastContactMs) * 1_000_000n,
    KnownLeader: knownLeader,
    ConsistencyLevel: '',
    NotModified: false,
    Backend: 0,
    ResultsFilteredByACLs: false,
  });
  const freshness = {
    'X-Consul-Knownleader': String(knownLeader),
    'X-Consul-Lastcontact': String(lastContactMs),
  };
  return { ...answered, headers: { ...answered.headers, ...freshness } };
}

/** Compat(consul): a transaction that fails is a conflict, whatever made it fail. */
function answer(request: RouteRequest, body: GoStruct): RouteResponse {
  return { ...jsonAnswer(body, isPretty(request)), status: body['Errors'] === null ? 200 : 409 };
}

function shape(outcome: BatchOutcome, revision: Revision, datacenter: string): GoStruct {
  if (outcome.outcome === 'refused') return { Results: null, Errors: outcome.refusals.map(refusalShape) };
  const results = outcome.records.map((record) => recordShape(record, revision, datacenter));
  return { Results: results, Errors: null };
}

function refusalShape({ index, code, message }: BatchRefusal): GoStruct {
  return { OpIndex: index, What: WORDS[code] ?? message };
}

const WORDS: { readonly [code in BatchRefusal['code']]?: string } = {
  node_not_found: 'Missing node registration',
  instance_not_found: 'Missing service registration',
};

function recordShape(record: BatchRecord, revision: Revision, datacenter: string): GoStruct {
  const isAbsent = record.kind === 'kv' && record.isAbsent === true;
  const own = isAbsent ? 0 : revision;
  const revisions = {
    createRevision: record.createRevision || own,
    modifyRevision: record.modifyRevision || own,
  };
  switch (record.kind) {
    case 'kv':
      return { KV: kvShape({ ...record.pair, ...revisions }) };
    case 'node':
      return { Node: nodeShape({ ...record.node, ...revisions }, datacenter) };
    case 'instance': {
      const shaped = nodeServiceShape({ ...record.instance, ...revisions });
      // Compat(consul): no tags are null in a transaction and an empty list elsewhere.
      return {
        Service: { ...shaped, Tags: record.instance.tags.length === 0 ? null : record.instance.tags },
      };
    }
    case 'check': {
      const { check, instance } = record;
      const tags = instance?.tags ?? [];
      const shaped = checkShape({ ...check, ...revisions }, instance);
      return { Check: { ...shaped, ServiceTags: tags.length === 0 ? null : tags } };
    }
  }
}
