import { RollcallError } from '../../core/index.ts';
import type { Route, RouteRequest } from '../../http/index.ts';
import type { Registry } from '../../registry/index.ts';
import { json } from './answer.ts';

/** A proxy that sets one of them passes on what may come from anywhere. */
const PROXY_HEADERS = ['forwarded', 'via', 'x-forwarded-for', 'x-real-ip'];

/** What operators do to the Redis behind the registry. */
export function redisRoutes(registry: Registry): Route[] {
  return [
    {
      method: 'POST',
      path: '/api/v1/redis/failover',
      handle: async (request) => {
        assertOperator(request);
        return json(await registry.failOver(), registry.reads.freshness());
      },
    },
  ];
}

/** While there is no access control, operators are those on this machine, and not the web pages they look at. */
function assertOperator({ remoteAddress, headers }: RouteRequest): void {
  const isProxied = PROXY_HEADERS.some((name) => headers[name] !== undefined);
  if (isProxied || !/^(127\.|::1$|::ffff:127\.)/.test(remoteAddress))
    throw new RollcallError('forbidden', 'Operators may do this from the machine of a registry node only');
  // A browser lets no page of another origin send this type without being asked first.
  if (headers['content-type']?.startsWith('application/json') !== true)
    throw new RollcallError('invalid_request', 'The Content-Type must be application/json');
}
