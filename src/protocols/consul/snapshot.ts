import { type Query } from '../../core/index.ts';
import type { Route, RouteRequest, RouteResponse } from '../../http/index.ts';
import { ArchiveError, MAX_ARCHIVE_BYTES } from '../../registry/index.ts';
import { emptyAnswer } from './answers.ts';
import { get, type ConsulContext } from './context.ts';
import { ConsulError } from './errors.ts';
import { requireDatacenter } from './read-parameters.ts';
import { labelled } from './reader.ts';

/** The whole catalog as a file, and back. */
export function snapshotRoutes(context: ConsulContext): Route[] {
  return [
    get('/v1/snapshot', (request) => save(context, request)),
    {
      method: 'PUT',
      path: '/v1/snapshot',
      bodyLimitBytes: MAX_ARCHIVE_BYTES,
      handle: (request) => restore(context, request),
    },
  ];
}

/** A write proves what the archive holds, unless a stale one is asked for. */
async function save(
  { registry, reader, options }: ConsulContext,
  request: RouteRequest,
): Promise<RouteResponse> {
  requireDatacenter(request.query, registry.identity.datacenter);
  const { mode } = reader.parameters(request);
  const whole: Query<Promise<Uint8Array>> = {
    topics: [],
    index: (state) => state.revision,
    run: () => registry.snapshots.save(new Date(options.clock.now()).toISOString()),
  };
  const answer = await registry.reads.read(whole, { mode: mode === 'stale' ? mode : 'consistent' });
  const body = await answer.value;
  const { headers } = emptyAnswer();
  return labelled({
    ...answer,
    value: { status: 200, headers: { ...headers, 'Content-Type': 'application/x-gzip' }, body },
  });
}

async function restore({ registry }: ConsulContext, { query, body }: RouteRequest): Promise<RouteResponse> {
  requireDatacenter(query, registry.identity.datacenter);
  try {
    await registry.snapshots.restore(body);
  } catch (error) {
    if (error instanceof ArchiveError) throw new ConsulError(500, error.message);
    throw error;
  }
  return emptyAnswer();
}
