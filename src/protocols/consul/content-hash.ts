import type { Instance } from '../../core/index.ts';
import { encodeGoJson, type GoValue } from './go-json.ts';
import { agentServiceShape } from './shapes.ts';

/**
 * The hash that `agent/service/:id` is waited for by: mitchellh/hashstructure v1 with 64-bit FNV-1, over the fields of Go's
 * `api.AgentService`, as lower-case hex without padding.
 *
 * Equal to Consul's for services without a proxy. A proxy's configuration enters as one text, so its hash is of the same
 * kind and not of the same value.
 */
export function contentHash(instance: Instance, datacenter: string): string {
  const { Kind, SocketPath, Proxy, Connect } = agentServiceShape(instance, datacenter);
  const { weights, meta = {}, taggedAddresses = {} } = instance;
  return ofStruct('AgentService', {
    Kind: ofText(asText(Kind)),
    ID: ofText(instance.id),
    Service: ofText(instance.service),
    Tags: instance.tags.reduce((hash, tag) => ordered(hash, ofText(tag)), 0n),
    Meta: ofMap(meta, ofText),
    Port: ofInt(instance.port),
    Address: ofText(instance.address),
    SocketPath: ofText(asText(SocketPath)),
    TaggedAddresses: ofMap(taggedAddresses, ({ address, port }) =>
      ofStruct('ServiceAddress', { Address: ofText(address), Port: ofInt(port) }),
    ),
    Weights: ofStruct('AgentWeights', { Passing: ofInt(weights.passing), Warning: ofInt(weights.warning) }),
    EnableTagOverride: ofBool(instance.enableTagOverride),
    CreateIndex: ofInt(0),
    ModifyIndex: ofInt(0),
    ContentHash: ofText(''),
    Proxy: Proxy === undefined ? ofInt(0) : ofText(encodeGoJson(Proxy)),
    Connect:
      Connect === undefined
        ? ofInt(0)
        : ofStruct('AgentServiceConnect', { Native: ofBool(true), SidecarService: ofInt(0) }),
    PeerName: ofText(''),
  }).toString(16);
}

const OFFSET = 0xcbf29ce484222325n;
const PRIME = 0x100000001b3n;

/** FNV-1: multiply, then xor. */
function fnv(bytes: Uint8Array): bigint {
  let hash = OFFSET;
  for (const byte of bytes) hash = BigInt.asUintN(64, hash * PRIME) ^ BigInt(byte);
  return hash;
}

function ofText(text: string): bigint {
  return fnv(Buffer.from(text, 'utf8'));
}

function ofInt(value: number): bigint {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(value));
  return fnv(bytes);
}

function ofBool(value: boolean): bigint {
  return fnv(Buffer.from([value ? 1 : 0]));
}

function ordered(a: bigint, b: bigint): bigint {
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64LE(a, 0);
  bytes.writeBigUInt64LE(b, 8);
  return fnv(bytes);
}

function ofMap<T>(map: Readonly<Record<string, T>>, hashOf: (value: T) => bigint): bigint {
  return unordered(Object.entries(map).map(([key, value]) => ordered(ofText(key), hashOf(value))));
}

function ofStruct(type: string, fields: Readonly<Record<string, bigint>>): bigint {
  return ofText(type) ^ unordered(Object.entries(fields).map(([name, hash]) => ordered(ofText(name), hash)));
}

function unordered(hashes: readonly bigint[]): bigint {
  return hashes.reduce((all, hash) => all ^ hash, 0n);
}

function asText(value: GoValue | undefined): string {
  return typeof value === 'string' ? value : '';
}
