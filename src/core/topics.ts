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
  sessions: 'sessions',
  events: 'events',
  queries: 'queries',
  /** Touched when the last instance of any service goes. */
  serviceExtinct: 'service-extinct',
  node: (name: string) => `node:${nodeKey(name)}`,
  /** An instance of the service, a check that concerns it, or a node that hosts it. */
  service: (name: string) => `service:${name.toLowerCase()}`,
  /** An instance of the service or a node that hosts it, whatever their health. */
  instances: (name: string) => `instances:${name.toLowerCase()}`,
  /** Members of the service's ring: instances as they are placed, not their health. */
  ring: (name: string) => `ring:${name.toLowerCase()}`,
  /** Policies of rings. */
  ringPolicies: 'ring-policies',
  /** Sessions that live on the node. */
  sessionsOn: (node: string) => `sessions:${nodeKey(node)}`,
  /** Keys taken or given up by the session, or by one of the others that share the topic with it. */
  locks: (session: string) => `locks:${session.slice(0, 2)}`,
  /** One session. Derived, as `kvKey`. */
  session: (id: string) => `session:${id}`,
  /** All keys whose first path segment is that of `key`; `kv` itself when it has none. */
  kvSegment: (key: string) => {
    const slash = key.indexOf('/');
    return slash < 0 ? 'kv' : `kv:${key.slice(0, slash + 1)}`;
  },
  /** One key. Only waited for, never stored: the view derives it from the change itself. */
  kvKey: (key: string) => `kv-key:${key}`,
  /** All keys that begin with `prefix`. Derived, as `kvKey`. */
  kvPrefix: (prefix: string) => `kv-prefix:${prefix}`,
  /** One of the registry's own settings. */
  setting: (name: string) => `setting:${name}`,
  /** All settings named `<group>:...`. */
  settings: (group: string) => `settings:${group}`,
} as const;
