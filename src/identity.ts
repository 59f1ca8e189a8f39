import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Config } from './config/index.ts';
import type { Identity } from './registry/index.ts';

/** Who this registry node is, by its settings alone: the same after every restart, on any disk. */
export function identityOf(config: Config, version: string): Identity {
  return {
    datacenter: config.datacenter,
    nodeName: config.nodeName,
    nodeId: uuidOf(`${config.datacenter}/registry/${config.nodeName.toLowerCase()}`),
    agentName: config.agentName,
    agentId: config.agentId ?? uuidOf(`${config.datacenter}/agent/${config.agentName.toLowerCase()}`),
    address: config.advertise ?? reachableAddress(config.bind),
    version,
  };
}

/** RFC 9562 version 8: the name's SHA-256, so that every node derives the same one. */
function uuidOf(name: string): string {
  const bytes = createHash('sha256').update(`rollcall:${name}`).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function reachableAddress(bind: string): string {
  if (isIP(bind) !== 0 && bind !== '0.0.0.0' && bind !== '::') return bind;
  const external = Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal);
  return external?.address ?? '127.0.0.1';
}
