export { RollcallClient, RequestError, type ClientOptions } from './client.ts';
export type { Instance, KeyPlacement, NodeStatus, ServiceDefinition } from './types.ts';
