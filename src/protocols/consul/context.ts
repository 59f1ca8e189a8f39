import type { Route, RouteRequest, RouteResponse } from '../../http/index.ts';
import type { Clock } from '../../platform/clock.ts';
import type { LogTap } from '../../platform/log-tap.ts';
import type { Metrics } from '../../platform/metrics.ts';
import type { Random } from '../../platform/random.ts';
import type { Registry } from '../../registry/index.ts';
import type { Reader } from './reader.ts';

/** What checks are let in: the least durations, to which shorter ones are raised, and whether programs may be run. */
export interface CheckLimits {
  readonly checkIntervalMinMs: number;
  readonly checkDeregisterMinMs: number;
  /** Default false. */
  readonly enableScriptChecks?: boolean;
}

export interface ConsulOptions extends CheckLimits {
  readonly clock: Clock;
  readonly random: Random;
  readonly kvMaxValueBytes: number;
  /** What the process counts; default: nothing. */
  readonly metrics?: Pick<Metrics, 'page' | 'families'>;
  /** What is logged; default: nothing. */
  readonly logs?: Pick<LogTap, 'subscribe'>;
  /** Reads the service definitions of this node's configuration again; default: there are none. */
  readonly reload?: () => Promise<void>;
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

/** A PUT that registers something. */
export function register(path: string, handle: Handle): Route {
  return { ...put(path, handle), isRegistration: true };
}
