import { SESSION_TTL_MS, type Session, type SessionBehavior, type Stored } from '../../core/index.ts';
import { ConsulError } from './errors.ts';
import { DecodeError, list, name, struct, text, type Decoder } from './go-decode.ts';
import { DurationError, parseGoDuration } from './go-duration.ts';
import type { GoStruct } from './go-json.ts';
import { consulFields } from './shapes.ts';

const DEFAULT_LOCK_DELAY_MS = 15_000;
const DEFAULT_CHECKS = ['serfHealth'];
/** Nanoseconds in a millisecond. */
const MS = 1e6;

const serviceCheck = struct('ServiceCheck', { ID: name, Namespace: text });

/** A session as it is asked for. */
export const sessionRequest = struct('', {
  Name: text,
  Node: given(name),
  LockDelay: lockDelay,
  Behavior: text,
  TTL: text,
  NodeChecks: given(list(name)),
  ServiceChecks: given(list(serviceCheck)),
  Checks: given(list(name)),
});

type SessionRequest = ReturnType<typeof sessionRequest>;

/** The session a request asks for. Throws Consul's errors for what cannot be. */
export function sessionOf(request: SessionRequest, agentName: string): Omit<Session, 'id'> {
  const { Name, LockDelay, Behavior, TTL, ServiceChecks } = request;
  const node = request.Node ?? agentName;
  if (node === '') throw new ConsulError(500, 'Must provide Node');
  const behavior = behaviorOf(Behavior);
  const ttlMs = ttlOf(TTL);
  const { NodeChecks, Checks } = checksOf(request);
  return {
    name: Name,
    node,
    lockDelayMs: LockDelay,
    behavior,
    ttlMs,
    checks: [...(Checks ?? []), ...(NodeChecks ?? []), ...(ServiceChecks ?? []).map(({ ID }) => ID)],
    // Told back as they were given, be it null or an empty list.
    extensions: {
      consul: { TTL, NodeChecks, ServiceChecks: ServiceChecks ?? null, ...(Checks && { Checks }) },
    },
  };
}

export function sessionShape(session: Stored<Session>): GoStruct {
  const { TTL, NodeChecks, ServiceChecks, Checks } = consulFields(session);
  return {
    ID: session.id,
    Name: session.name,
    Node: session.node,
    LockDelay: BigInt(Math.round(session.lockDelayMs * MS)),
    Behavior: session.behavior,
    TTL: TTL ?? '',
    NodeChecks: NodeChecks ?? null,
    ServiceChecks: ServiceChecks ?? null,
    Checks,
    CreateIndex: session.createRevision,
    ModifyIndex: session.modifyRevision,
  };
}

/** A session's id as it is kept. Throws Consul's error for what is no UUID. */
export function sessionId(text: string): string {
  const refused = (reason: string) => new ConsulError(500, `failed session lookup: index error: ${reason}`);
  if (text.length !== 36) throw refused('UUID must be 36 characters');
  const [stranger] = /[^0-9a-f-]/iu.exec(text) ?? [];
  if (stranger !== undefined) {
    const point = (stranger.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    throw refused(`Invalid UUID: encoding/hex: invalid byte: U+${point} '${stranger}'`);
  }
  return text.toLowerCase();
}

/** Compat(consul): an empty list of old-style checks drops the default check, and so does null. */
function checksOf({ NodeChecks, Checks }: SessionRequest): {
  NodeChecks: readonly string[] | null;
  Checks?: readonly string[];
} {
  if (Checks === null || Checks?.length === 0) return { NodeChecks: [] };
  const nodeChecks = NodeChecks === undefined ? DEFAULT_CHECKS : NodeChecks;
  return nodeChecks?.length === 0 || Checks === undefined
    ? { NodeChecks: nodeChecks }
    : { NodeChecks: nodeChecks, Checks };
}

function behaviorOf(text: string): SessionBehavior {
  if (text === '') return 'release';
  if (text !== 'release' && text !== 'delete')
    throw new ConsulError(500, `Invalid Behavior setting '${text}'`);
  return text;
}

function ttlOf(text: string): number {
  if (text === '') return 0;
  const ttlMs = parsedTtl(text);
  if (ttlMs !== 0 && (ttlMs < SESSION_TTL_MS.min || ttlMs > SESSION_TTL_MS.max)) {
    const ns = BigInt(Math.round(ttlMs * MS));
    throw new ConsulError(500, `Invalid Session TTL '${String(ns)}', must be between [10s=24h0m0s]`);
  }
  return ttlMs;
}

function parsedTtl(text: string): number {
  try {
    return parseGoDuration(text);
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    throw new ConsulError(500, `Session TTL '${text}' invalid: ${error.message}`);
  }
}

/** Compat(consul): a lock delay below 1000 nanoseconds counts seconds, however it is written. */
function lockDelay(value: unknown): number {
  if (value === undefined || value === null) return DEFAULT_LOCK_DELAY_MS;
  const ns = typeof value === 'number' ? value : typeof value === 'string' ? parsedDelay(value) * MS : 0;
  return Math.max(0, Math.trunc(ns) < 1000 ? Math.trunc(ns) * 1000 : Math.trunc(ns) / MS);
}

function parsedDelay(text: string): number {
  try {
    return parseGoDuration(text);
  } catch (error) {
    throw error instanceof DurationError ? new DecodeError(error.message) : error;
  }
}

/** Tells a field that is absent from one that is null. */
function given<T>(decoder: Decoder<T>): Decoder<T | null | undefined> {
  return (value, place) => (value === undefined || value === null ? value : decoder(value, place));
}
