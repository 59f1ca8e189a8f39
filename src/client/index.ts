export { RollcallClient, RequestError, type ClientOptions } from './client.ts';
export { LocalRing, type LocalLookup, type LocalMember } from './local-ring.ts';
export type {
  ClusterNode,
  ClusterStatus,
  FailoverReport,
  Instance,
  KeyPlacement,
  NodeStatus,
  RefusedRenewal,
  Renewal,
  ServiceDefinition,
} from './types.ts';
