import { queriesQuery, type Query, type QueryTarget } from '../../core/index.ts';
import { mapped, type Route, type RouteRequest, type RouteResponse } from '../../http/index.ts';
import { emptyAnswer, isPretty, jsonAnswer, plainText } from './answers.ts';
import { connectQuery } from './connect.ts';
import { get, put, type ConsulContext } from './context.ts';
import { ConsulError } from './errors.ts';
import { decodeBody } from './go-decode.ts';
import type { GoStruct } from './go-json.ts';
import { checkServiceNodeShape } from './health.ts';
import { preparedQueryOf, preparedQueryShape, queryDefinition } from './query-definition.ts';
import { requireDatacenter } from './read-parameters.ts';

const PATH = '/v1/query/{query+}';
const TRUE = /^(1|t|T|true|TRUE|True)$/;
const FALSE = /^(0|f|F|false|FALSE|False)$/;

/** Prepared queries: kept, told, executed and explained. */
export function preparedQueryRoutes(context: ConsulContext): Route[] {
  return [
    get('/v1/query', (request) => list(context, request)),
    { method: 'POST', path: '/v1/query', handle: (request) => create(context, request) },
    get('/v1/query/{query}/execute', (request) => execute(context, request, nameOf(request))),
    get('/v1/query/{query}/explain', (request) => explain(context, request, nameOf(request))),
    get(PATH, (request) => {
      // A name may have slashes in it.
      const [, name, verb] = /^(.*)\/(execute|explain)$/s.exec(nameOf(request)) ?? [];
      if (name === undefined) return find(context, request);
      return verb === 'execute' ? execute(context, request, name) : explain(context, request, name);
    }),
    put(PATH, (request) => update(context, request)),
    { method: 'DELETE', path: PATH, handle: (request) => remove(context, request) },
  ];
}

function nameOf({ params }: RouteRequest): string {
  return params['query'] ?? '';
}

function list({ reader }: ConsulContext, request: RouteRequest): Promise<RouteResponse> {
  return reader.catalog(request, reader.parameters(request), {
    query: queriesQuery(),
    encode: (queries) =>
      jsonAnswer(
        queries.map((query) => preparedQueryShape(query)),
        isPretty(request),
      ),
  });
}

async function find({ reader }: ConsulContext, request: RouteRequest): Promise<RouteResponse> {
  const found = await reader.catalog(request, reader.parameters(request), {
    query: { ...queriesQuery(), run: (state) => state.queries.get(queryId(nameOf(request))) },
    encode: (query) =>
      query === undefined ? NOT_FOUND : jsonAnswer([preparedQueryShape(query)], isPretty(request)),
  });
  return mapped(found, (answer) => (answer.status === 404 ? NOT_FOUND : answer));
}

async function create({ registry }: ConsulContext, request: RouteRequest): Promise<RouteResponse> {
  requireDatacenter(request.query, registry.identity.datacenter);
  const definition = decodeBody(request.body, queryDefinition);
  if (definition.ID !== '') throw new ConsulError(500, 'ID must be empty when creating a new prepared query');
  const id = await registry.queries.create(preparedQueryOf(definition));
  return jsonAnswer({ ID: id }, isPretty(request));
}

async function update({ registry }: ConsulContext, request: RouteRequest): Promise<RouteResponse> {
  requireDatacenter(request.query, registry.identity.datacenter);
  const definition = decodeBody(request.body, queryDefinition);
  const id = writtenId(request);
  const query = preparedQueryOf(definition);
  await registry.queries.update({ ...query, id });
  return emptyAnswer();
}

async function remove({ registry }: ConsulContext, request: RouteRequest): Promise<RouteResponse> {
  requireDatacenter(request.query, registry.identity.datacenter);
  await registry.queries.delete(writtenId(request));
  return emptyAnswer();
}

function execute(context: ConsulContext, request: RouteRequest, name: string): Promise<RouteResponse> {
  const { registry } = context;
  const { agentName, datacenter } = registry.identity;
  const limit = limitOf(request.query);
  const isConnect = connectOf(request.query);
  const near = nearOf(request.query, agentName);
  const connectInstances = (target: QueryTarget) =>
    isConnect || target.isConnect ? connectQuery(target.service, true).run(registry.state) : undefined;
  return answer(context, request, () => {
    const result = registry.queries.execute(name, {
      agent: agentName,
      limit,
      ...(near !== undefined && { near }),
      instancesOf: connectInstances,
    });
    if (result === undefined) return undefined;
    const { DNS } = preparedQueryShape(result.query);
    return {
      Service: result.target.service,
      Nodes: result.instances.map((view) => checkServiceNodeShape(view, datacenter)),
      DNS: DNS ?? null,
      Datacenter: datacenter,
      // Datacenters that are not known are not asked, and so do not count.
      Failovers: 0,
    };
  });
}

function explain(context: ConsulContext, request: RouteRequest, name: string): Promise<RouteResponse> {
  limitOf(request.query);
  return answer(context, request, () => {
    const resolved = context.registry.queries.resolve(name);
    return resolved && { Query: preparedQueryShape(resolved.query, resolved.target) };
  });
}

/** Answers with what is made at each read, and with how it was read beside it. */
async function answer(
  { reader }: ConsulContext,
  request: RouteRequest,
  make: () => GoStruct | undefined,
): Promise<RouteResponse> {
  const parameters = { ...reader.parameters(request), index: 0 };
  const query: Query<GoStruct | undefined> = { topics: [], index: () => 1, run: make };
  const response = await reader.catalog(request, parameters, {
    query,
    cacheable: true,
    isVolatile: true,
    encode: (made) => {
      if (made === undefined) return NOT_FOUND;
      return jsonAnswer({ ...made, ...meta(parameters.mode) }, isPretty(request));
    },
  });
  return response.status === 404 ? NOT_FOUND : response;
}

function meta(mode: string): GoStruct {
  return {
    Index: 1,
    LastContact: 0,
    KnownLeader: true,
    ConsistencyLevel: mode === 'default' ? 'leader' : mode,
    NotModified: false,
    Backend: 0,
    ResultsFilteredByACLs: false,
  };
}

const NOT_FOUND = plainText(404, 'Query not found');
const LOOKUP_FAILED = 'failed prepared query lookup: index error: UUID must be 36 characters';

function queryId(text: string): string {
  if (text.length !== 36) throw new ConsulError(500, LOOKUP_FAILED);
  return text.toLowerCase();
}

function writtenId(request: RouteRequest): string {
  const text = nameOf(request);
  if (text.length !== 36) throw new ConsulError(500, `Prepared Query lookup failed: ${LOOKUP_FAILED}`);
  return text.toLowerCase();
}

function limitOf(query: URLSearchParams): number {
  const text = query.get('limit') ?? '';
  if (text === '') return 0;
  if (!/^[+-]?\d{1,15}$/.test(text))
    throw new ConsulError(500, `Bad limit: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

function connectOf(query: URLSearchParams): boolean {
  const text = query.get('connect') ?? '';
  if (text === '' || FALSE.test(text)) return false;
  if (TRUE.test(text)) return true;
  const parsing = `strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`;
  throw new ConsulError(500, `Error parsing 'connect' value: ${parsing}`);
}

/** The node to be near to; '' for none, undefined to leave it to the query. Where an address is, nobody knows. */
function nearOf(query: URLSearchParams, agentName: string): string | undefined {
  const text = query.get('near') ?? '';
  if (text === '') return undefined;
  return text === '_ip' ? '' : text === '_agent' ? agentName : text;
}
