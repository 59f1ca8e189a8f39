import { coordinatesQuery, type NodeCoordinate } from '../../core/index.ts';
import type { Route, RouteRequest, RouteResponse } from '../../http/index.ts';
import { emptyAnswer, isPretty, jsonAnswer } from './answers.ts';
import { get, put, type ConsulContext } from './context.ts';
import { ConsulError } from './errors.ts';
import { decodeBody, json, struct, text, type Decoder } from './go-decode.ts';
import type { GoStruct } from './go-json.ts';
import { isServer, memberNodes } from './members.ts';
import { requireDatacenter } from './read-parameters.ts';

const DIMENSIONS = 8;
/** Where Consul puts a node of which it knows nothing. */
const ORIGIN = { vec: new Array<number>(DIMENSIONS).fill(0), error: 1.5, adjustment: 0, height: 0.00001 };

const float: Decoder<number> = (value) => (typeof value === 'number' ? value : 0);
const coordinate = struct('Coordinate', { Vec: json, Error: float, Adjustment: float, Height: float });
const coordinateUpdate = struct('CoordinateUpdateRequest', {
  Datacenter: text,
  Node: text,
  Segment: text,
  Coord: coordinate,
});

/** Network coordinates of nodes, as their agents tell them. */
export function coordinateRoutes({ registry, reader }: ConsulContext): Route[] {
  const { datacenter } = registry.identity;
  return [
    get('/v1/coordinate/datacenters', (request) => {
      const servers = memberNodes(registry.state).filter(({ name }) => isServer(registry.state, name));
      const shown = servers.map(({ name }) => shape({ node: name, segment: '', coordinate: ORIGIN }));
      const known = [{ Datacenter: datacenter, AreaID: 'wan', Coordinates: shown }];
      return jsonAnswer(known, isPretty(request));
    }),
    get('/v1/coordinate/nodes', (request) =>
      reader.catalog(request, reader.parameters(request), {
        query: coordinatesQuery(),
        encode: (found) => jsonAnswer(inSegment(found, request).map(shape), isPretty(request)),
      }),
    ),
    get('/v1/coordinate/node/{node+}', (request) =>
      reader.kv(request, reader.parameters(request), {
        query: coordinatesQuery(request.params['node'] ?? ''),
        encode: (found) => {
          const shown = inSegment(found, request).map(shape);
          return shown.length === 0 ? emptyAnswer(404) : jsonAnswer(shown, isPretty(request));
        },
      }),
    ),
    put('/v1/coordinate/update', async (request): Promise<RouteResponse> => {
      const update = decodeBody(request.body, coordinateUpdate);
      const query = new URLSearchParams(request.query);
      if (update.Datacenter !== '') query.set('dc', update.Datacenter);
      requireDatacenter(query, datacenter);
      const { Vec, Error: error, Adjustment: adjustment, Height: height } = update.Coord;
      if (!isVector(Vec)) throw new ConsulError(500, 'incompatible coordinate');
      const { Node: node, Segment: segment } = update;
      await registry.coordinates.update({
        node,
        segment,
        coordinate: { vec: Vec, error, adjustment, height },
      });
      return emptyAnswer();
    }),
  ];
}

function inSegment(found: readonly NodeCoordinate[], { query }: RouteRequest): readonly NodeCoordinate[] {
  const segment = query.get('segment');
  return segment === null ? found : found.filter((each) => each.segment === segment);
}

function isVector(value: unknown): value is number[] {
  return (
    Array.isArray(value) && value.length === DIMENSIONS && value.every((each) => typeof each === 'number')
  );
}

function shape({ node, segment, coordinate: { vec, error, adjustment, height } }: NodeCoordinate): GoStruct {
  return {
    Node: node,
    Segment: segment,
    Coord: { Vec: vec, Error: error, Adjustment: adjustment, Height: height },
  };
}
