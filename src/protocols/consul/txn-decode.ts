import { isReadOnlyBatch, type BatchOperation, type BatchRefusal, type Instance } from '../../core/index.ts';
import { externalCheck, healthCheck } from './catalog-check.ts';
import { catalogInstance, nodeOf, nodeService } from './catalog-write.ts';
import { badRequest, ConsulError } from './errors.ts';
import { decodeBase64 } from './go-base64.ts';
import {
  decodeBody,
  DecodeError,
  int,
  map,
  name,
  optional,
  struct,
  text,
  type Decoder,
} from './go-decode.ts';
import { sessionId } from './session-definition.ts';

const MAX_UINT64 = 2n ** 64n - 1n;
/** Marks digits that a JSON number could not hold. */
const EXACT = '\u0000';

const kvOp = struct('KVTxnOp', {
  Verb: text,
  Key: text,
  Value: bytes,
  Flags: uint64,
  Index: int,
  Session: text,
});

const nodeOp = struct('NodeTxnOp', {
  Verb: text,
  Node: struct('Node', {
    ID: name,
    Node: name,
    Address: text,
    TaggedAddresses: map(text),
    Meta: map(text),
    ModifyIndex: int,
  }),
});

const modifyIndex = struct('', { ModifyIndex: int });

const serviceOp = struct('ServiceTxnOp', {
  Verb: text,
  Node: name,
  Service: both(nodeService, modifyIndex),
});

const checkOp = struct('CheckTxnOp', {
  Verb: text,
  Check: both(healthCheck, modifyIndex),
});

const operation = struct('TxnOp', {
  KV: optional(kvOp),
  Node: optional(nodeOp),
  Service: optional(serviceOp),
  Check: optional(checkOp),
});

type Operation = ReturnType<typeof operation>;

/** Operations as they were sent, those that name nothing left out. Throws Consul's errors. */
export function decodeTxn(body: Uint8Array, maxValueBytes: number, maxOperations: number): Operation[] {
  const operations = parsed(body);
  if (operations.length > maxOperations) {
    const count = `${String(operations.length)} > ${String(maxOperations)}`;
    throw new ConsulError(413, `Transaction contains too many operations (${count})`);
  }
  for (const { KV } of operations) {
    if (KV === undefined || KV.Value.length <= maxValueBytes) continue;
    const size = `${String(KV.Value.length)} > ${String(maxValueBytes)} bytes`;
    throw new ConsulError(413, `Value for key ${JSON.stringify(KV.Key)} is too large (${size})`);
  }
  return operations.filter(({ KV, Node, Service, Check }) => KV ?? Node ?? Service ?? Check);
}

/** Whether no operation may change anything. */
export function isReadOnly(operations: readonly Operation[]): boolean {
  const verbs = operations.map(({ KV, Node, Service, Check }) =>
    KV === undefined
      ? ({ kind: 'node', verb: (Node ?? Service ?? Check)?.Verb ?? '' } as const)
      : ({ kind: 'kv', verb: KV.Verb } as const),
  );
  return isReadOnlyBatch(verbs);
}

/** The operations as the registry knows them, or why some cannot be. */
export function batchOf(
  operations: readonly Operation[],
): { readonly batch: readonly BatchOperation[] } | { readonly refusals: readonly BatchRefusal[] } {
  const batch: BatchOperation[] = [];
  const refusals: BatchRefusal[] = [];
  operations.forEach((each, index) => {
    try {
      batch.push(...batchOperation(each));
    } catch (error) {
      if (!(error instanceof ConsulError)) throw error;
      refusals.push({ index, code: 'invalid_request', message: error.message });
    }
  });
  return refusals.length > 0 ? { refusals } : { batch };
}

function parsed(body: Uint8Array): Operation[] {
  try {
    return decodeBody(withExactFlags(body), (value, place) => {
      if (value === undefined || value === null) return [];
      if (!Array.isArray(value)) {
        throw new DecodeError(`json: cannot unmarshal ${typeof value} into Go value of type api.TxnOps`);
      }
      return value.map((each) => operation(each, place));
    });
  } catch (error) {
    throw error instanceof DecodeError ? badRequest(`Failed to parse body: ${error.message}`) : error;
  }
}

function batchOperation({ KV, Node, Service, Check }: Operation): BatchOperation[] {
  if (KV !== undefined) {
    const { Verb: verb, Key: key, Value: value, Flags: flags, Index: revision, Session } = KV;
    const session = verb === 'lock' && Session !== '' ? sessionId(Session) : Session.toLowerCase();
    return [{ kind: 'kv', verb, key, value, flags, revision, session }];
  }
  if (Node !== undefined) {
    const { Verb: verb, Node: fields } = Node;
    if (verb === 'get' && fields.ID !== '' && fields.ID.length !== 36) {
      const reason = `wrong UUID: uuid string is wrong length for '${fields.ID}'`;
      throw new ConsulError(500, `node lookup by ID failed, ${reason}`);
    }
    const node = nodeOf({ ...fields, NodeMeta: fields.Meta, Locality: undefined });
    return [{ kind: 'node', verb, node, revision: fields.ModifyIndex }];
  }
  if (Service !== undefined) {
    const { Verb: verb, Node: node, Service: service } = Service;
    const isNamed = verb !== 'get' && service.Service !== '';
    const instance = isNamed ? catalogInstance(node, service) : unnamed(node, service.ID);
    return [{ kind: 'instance', verb, instance, revision: service.ModifyIndex }];
  }
  if (Check !== undefined) {
    const { Verb: verb, Check: check } = Check;
    return [{ kind: 'check', verb, check: externalCheck(check, check.Node), revision: check.ModifyIndex }];
  }
  return [];
}

/** What an operation needs of an instance that it only looks for. */
function unnamed(node: string, id: string): Instance {
  const weights = { passing: 1, warning: 1 };
  return { node, id, service: '', tags: [], address: '', port: 0, weights, enableTagOverride: false };
}

function bytes(value: unknown, place: Parameters<Decoder<string>>[1]): Uint8Array {
  if (value !== undefined && value !== null && typeof value !== 'string') {
    const kind = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
    throw new DecodeError(
      `json: cannot unmarshal ${kind} into Go struct field ${place.type}.${place.path} of type []uint8`,
    );
  }
  try {
    return decodeBase64(value ?? '');
  } catch (error) {
    throw new DecodeError(error instanceof Error ? error.message : '');
  }
}

/** Decimal digits of an unsigned 64-bit number. */
function uint64(value: unknown, { type, path }: Parameters<Decoder<string>>[1]): string {
  if (value === undefined || value === null) return '0';
  const isExact = typeof value === 'string' && value.startsWith(EXACT);
  const digits = isExact ? value.slice(1) : typeof value === 'number' ? String(value) : '';
  if (/^\d+$/.test(digits) && BigInt(digits) <= MAX_UINT64) return String(BigInt(digits));
  const shown = digits === '' ? typeof value : `number ${digits}`;
  throw new DecodeError(
    `json: cannot unmarshal ${shown} into Go struct field ${type}.${path} of type uint64`,
  );
}

/**
 * Turns flags of many digits into marked texts, since a JSON number of JavaScript would round them.
 *
 * A text is one token and passed over whole, so nothing inside one is taken for a field.
 */
function withExactFlags(body: Uint8Array): Uint8Array {
  const source = Buffer.from(body.buffer, body.byteOffset, body.length).toString('utf8');
  if (!/\d{16}/.test(source)) return body;
  let last = '';
  const marked = source.replace(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g, (token) => {
    const isFlags = /^"flags"$/i.test(last) && /^\d{16,40}$/.test(token);
    last = token;
    return isFlags ? JSON.stringify(EXACT + token) : token;
  });
  return Buffer.from(marked, 'utf8');
}

function both<A extends object, B extends object>(first: Decoder<A>, second: Decoder<B>): Decoder<A & B> {
  return (value, place) => ({ ...first(value, place), ...second(value, place) });
}
