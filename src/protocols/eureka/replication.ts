import { ERROR_CODES, RollcallError } from '../../core/index.ts';
import type { Route, RouteRequest, RouteResponse } from '../../http/index.ts';
import type { Clock } from '../../platform/clock.ts';
import { decodeInstance, MalformedInstanceError } from './instance-decoder.ts';
import { bodyType, empty } from './negotiation.ts';
import { unreadable } from './instance-body.ts';
import { REPLICATION_HEADER, type Registrations } from './registrations.ts';

/** Peers send at most 250 changes at once. */
const MAX_ITEMS = 1000;
const BATCH_LIMIT_BYTES = 8 * 1024 * 1024;

const ACTIONS = ['Register', 'Heartbeat', 'Cancel', 'StatusUpdate', 'DeleteStatusOverride'] as const;

type Fields = Readonly<Record<string, unknown>>;

interface Item {
  readonly app: string;
  readonly id: string;
  readonly action: (typeof ACTIONS)[number];
  readonly fields: Fields;
}

interface ItemResponse {
  readonly statusCode: number;
  readonly responseEntity?: unknown;
}

interface Deps {
  readonly registrations: Registrations;
  readonly clock: Clock;
}

/** What an old Eureka server tells its peers, so that a fleet can move over while it still runs. */
export function replicationRoutes({ registrations, clock }: Deps): Route[] {
  return [
    {
      method: 'POST',
      path: '/peerreplication/batch',
      bodyLimitBytes: BATCH_LIMIT_BYTES,
      handle: async (request) => {
        if (bodyType(request.headers)?.format !== 'json') return empty(request, 415);
        const items = decodeBatch(request.body);
        if (items === undefined) return unreadable({ format: 'json' });
        if (items.length > MAX_ITEMS) {
          throw new RollcallError('payload_too_large', `More than ${String(MAX_ITEMS)} changes`);
        }
        const responseList = await inOrder(items, (item) => apply(request, item, { registrations, clock }));
        const headers = { 'Content-Type': 'application/json' };
        return { status: 200, headers, body: JSON.stringify({ responseList }) };
      },
    },
  ];
}

/** Applies changes of different instances together, and those of one instance one after the other. */
function inOrder(
  items: readonly Item[],
  run: (item: Item) => Promise<ItemResponse>,
): Promise<ItemResponse[]> {
  const last = new Map<string, Promise<ItemResponse>>();
  return Promise.all(
    items.map((item) => {
      const key = `${item.app.toUpperCase()}\n${item.id}`;
      const before = last.get(key);
      const response = before === undefined ? run(item) : before.then(() => run(item));
      last.set(key, response);
      return response;
    }),
  );
}

async function apply(request: RouteRequest, item: Item, deps: Deps): Promise<ItemResponse> {
  if (item.app === '' || item.id === '') return { statusCode: 500 };
  try {
    const { status, body } = await dispatch(requestOf(request, item), item, deps);
    // Compat(eureka): a registration is answered 200 even where it was refused.
    if (item.action === 'Register') return { statusCode: 200 };
    if (status !== 409) return { statusCode: status };
    return { statusCode: status, responseEntity: (JSON.parse(String(body)) as Fields)['instance'] };
  } catch (error) {
    if (error instanceof MalformedInstanceError) return { statusCode: 500 };
    if (!(error instanceof RollcallError)) throw error;
    const { status } = ERROR_CODES[error.code];
    // The peer sends the whole batch again a little later.
    if (status >= 500 || error.code === 'aborted') throw error;
    if (item.action === 'Register') return { statusCode: 200 };
    return { statusCode: status === 404 || error.code === 'check_not_renewable' ? 404 : 500 };
  }
}

function dispatch(
  request: RouteRequest,
  { action, fields }: Item,
  { registrations, clock }: Deps,
): Promise<RouteResponse> {
  switch (action) {
    case 'Register':
      return registrations.accept(request, decodeInstance(fields['instanceInfo'], clock.now()));
    case 'Heartbeat':
      return registrations.heartbeat(request);
    case 'Cancel':
      return registrations.cancel(request);
    case 'StatusUpdate':
      return registrations.override(request);
    case 'DeleteStatusOverride':
      return registrations.release(request);
  }
}

/** The request that a change would have been on its own. */
function requestOf(request: RouteRequest, { app, id, action, fields }: Item): RouteRequest {
  const query = new URLSearchParams();
  const status = action === 'Heartbeat' ? 'status' : 'value';
  for (const [name, value] of [
    [status, fields['status']],
    ['lastDirtyTimestamp', fields['lastDirtyTimestamp']],
    ['overriddenstatus', fields['overriddenStatus']],
  ] as const) {
    if (typeof value === 'string' || typeof value === 'number') query.set(name, String(value));
  }
  return {
    ...request,
    params: { app, id },
    query,
    headers: { ...request.headers, accept: 'application/json', [REPLICATION_HEADER]: 'true' },
  };
}

/** Undefined where the body is no batch. */
function decodeBatch(bytes: Uint8Array): Item[] | undefined {
  try {
    const root = JSON.parse(Buffer.from(bytes).toString()) as Fields | null;
    const list = root?.['replicationList'];
    return Array.isArray(list) ? list.map((each: unknown) => decodeItem(each)) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof MalformedInstanceError) return undefined;
    throw error;
  }
}

function decodeItem(value: unknown): Item {
  if (typeof value !== 'object' || value === null) throw new MalformedInstanceError('not a change');
  const fields = value as Fields;
  const action = ACTIONS.find((each) => each === fields['action']);
  const { appName = '', id = '' } = fields;
  if (action === undefined || typeof appName !== 'string' || typeof id !== 'string') {
    throw new MalformedInstanceError('not a change');
  }
  return { app: appName, id, action, fields };
}
