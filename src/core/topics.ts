import { nodeKey } from './ids.ts';

/**
 * Names of what a reader can wait for and a decision can rely on; a topic's revision is that of its
 * last touch.
 */
export const topics = {
  nodes: 'nodes',
  services: 'services',
  checks: 'checks',
  kv: 'kv',
  /** Touched when the last instance of any service goes. */
  serviceExtinct: 'service-extinct',
  node: (name: string) => `node:${nodeKey(name)}`,
  /** An instance of the service, a check that concerns it, or a node that hosts it. */
  service: (name: string) => `service:${name.toLowerCase()}`,
  /** An instance of the service or a node that hosts it, whatever their health. */
  instances: (name: string) => `instances:${name.toLowerCase()}`,
  /** Members of the service's ring: instances as they are placed, not their health. */
  ring: (name: string) => `ring:${name.toLowerCase()}`,
  /** All keys whose first path segment is that of `key`; `kv` itself when it has none. */
  kvSegment: (key: string) => {
    const slash = key.indexOf('/');
    return slash < 0 ? 'kv' : `kv:${key.slice(0, slash + 1)}`;
  },
  /** One key. Only waited for, never stored: the view derives it from the change itself. */
  kvKey: (key: string) => `kv-key:${key}`,
  /** All keys that begin with `prefix`. Derived, as `kvKey`. */
  kvPrefix: (prefix: string) => `kv-prefix:${prefix}`,
} as const;
