import type { Route, RouteRequest, RouteResponse } from '../../http/index.ts';
import type { Random } from '../../platform/random.ts';
import type { Registry } from '../../registry/index.ts';
import type { Reader } from './reader.ts';

/** The least durations of checks; shorter ones are raised to them. */
export interface CheckLimits {
  readonly checkIntervalMinMs: number;
  readonly checkDeregisterMinMs: number;
}

export interface ConsulOptions extends CheckLimits {
  readonly random: Random;
  readonly kvMaxValueBytes: number;
}

/** What every handler works with. */
export interface ConsulContext {
  readonly registry: Registry;
  readonly reader: Reader;
  readonly options: ConsulOptions;
}

type Handle = (request: RouteRequest) => Promise<RouteResponse> | RouteResponse;

export function get(path: string, handle: Handle): Route {
  return { method: 'GET', path, handle };
}

export function put(path: string, handle: Handle): Route {
  return { method: 'PUT', path, handle };
}
