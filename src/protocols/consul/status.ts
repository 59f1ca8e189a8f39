import type { Route } from '../../http/index.ts';
import { isPretty, jsonAnswer } from './answers.ts';
import { get, type ConsulContext } from './context.ts';
import { serverAddresses } from './members.ts';
import { requireDatacenter } from './read-parameters.ts';

/**
 * Who leads. Every registry node can take writes as long as the store answers, so the first one alive
 * is named, and none while the store is silent.
 */
export function statusRoutes({ registry }: ConsulContext): Route[] {
  const { datacenter } = registry.identity;
  return [
    get('/v1/status/leader', (request) => {
      requireDatacenter(request.query, datacenter);
      const isLed = registry.ready && registry.reads.freshness().knownLeader;
      return jsonAnswer(isLed ? (serverAddresses(registry.state)[0] ?? '') : '', isPretty(request));
    }),
    get('/v1/status/peers', (request) => {
      requireDatacenter(request.query, datacenter);
      return jsonAnswer(serverAddresses(registry.state), isPretty(request));
    }),
  ];
}
