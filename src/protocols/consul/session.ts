import { sessionQuery, sessionsOnQuery, sessionsQuery, type Query, type Session } from '../../core/index.ts';
import type { Stored } from '../../core/index.ts';
import type { Route, RouteRequest, RouteResponse } from '../../http/index.ts';
import { isPretty, jsonAnswer } from './answers.ts';
import { required } from './catalog.ts';
import { get, put, type ConsulContext } from './context.ts';
import { ConsulError, respelled } from './errors.ts';
import { decodeBody } from './go-decode.ts';
import { readParameters, requireDatacenter } from './read-parameters.ts';
import { refusedRead } from './reader.ts';
import { sessionId, sessionOf, sessionRequest, sessionShape } from './session-definition.ts';

const EMPTY_REQUEST = new TextEncoder().encode('{}');

/** Sessions: who may hold locks. */
export function sessionRoutes(context: ConsulContext): Route[] {
  const { registry } = context;
  const { agentName, datacenter } = registry.identity;
  return [
    put('/v1/session/create', async (request) => {
      requireDatacenter(request.query, datacenter);
      const body = request.body.length === 0 ? EMPTY_REQUEST : request.body;
      const session = sessionOf(decodeBody(body, sessionRequest), agentName);
      const missing = () => new ConsulError(500, 'Missing node registration');
      const id = await respelled(registry.sessions.create(session), { node_not_found: missing });
      return jsonAnswer({ ID: id }, isPretty(request));
    }),
    put('/v1/session/destroy/{session+}', async (request) => {
      requireDatacenter(request.query, datacenter);
      await registry.sessions.destroy(sessionId(given(request)));
      return jsonAnswer(true, isPretty(request));
    }),
    put('/v1/session/renew/{session+}', async (request) => {
      requireDatacenter(request.query, datacenter);
      const id = given(request);
      const missing = () => new ConsulError(404, `Session id '${id}' not found`);
      const renewed = registry.sessions.renew(sessionId(id));
      const session = await respelled(renewed, { session_not_found: missing });
      return jsonAnswer([sessionShape(session)], isPretty(request));
    }),
    get('/v1/session/info/{session+}', (request) => {
      const id = given(request);
      try {
        const query = sessionQuery(sessionId(id));
        return list(context, request, {
          ...query,
          run: (state) => [query.run(state)].flatMap((held) => held ?? []),
        });
      } catch (error) {
        return refusedRead(error, request);
      }
    }),
    get('/v1/session/node/{node+}', (request) =>
      list(context, request, sessionsOnQuery(required(request.params['node'], 'Missing node name'))),
    ),
    get('/v1/session/list', (request) => list(context, request, sessionsQuery())),
  ];
}

function given({ params }: RouteRequest): string {
  return required(params['session'], 'Missing session');
}

function list(
  { reader }: ConsulContext,
  request: RouteRequest,
  query: Query<readonly Stored<Session>[]>,
): Promise<RouteResponse> {
  const parameters = readParameters(request);
  return reader.kv(request, parameters, {
    query,
    encode: (sessions) => jsonAnswer(sessions.map(sessionShape), isPretty(request)),
  });
}
