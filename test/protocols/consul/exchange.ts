import { expect } from 'chai';
import { send, type HttpAnswer } from '../../support/http.ts';

/**
 * One recorded exchange: what is sent and what Consul answers.
 *
 * In paths and bodies `$AGENT` is the agent's node, and `$NAME` an id that an earlier exchange kept under that
 * name. In the answer, the values of `CreateIndex`, `ModifyIndex` and `LTime` are 0.
 */
export interface Exchange {
  /** Method and path, such as `GET /v1/kv/a`. */
  readonly send: string;
  /** Bytes or text as they are, anything else as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly answer: Expected;
  /** Name under which the `ID` of the answer is kept for later exchanges. */
  readonly keep?: string;
  /** What 1.8.7 answers instead, where later versions changed it. */
  readonly consul187?: { readonly [K in keyof Expected]?: Expected[K] | undefined };
}

export interface Expected {
  readonly status: number;
  /** The whole body. */
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Which freshness headers there are: those of a read so answered, or refused, as lists of events
   * have, and as transactions that only read; none where it is left out.
   */
  readonly meta?: 'leader' | 'stale' | 'consistent' | 'kv' | 'refused' | 'event' | 'txn';
}

/** Where exchanges are replayed. */
export interface Peer {
  readonly port: number;
  readonly agentName: string;
  readonly isConsul187: boolean;
}

const kept = new WeakMap<Peer, Map<string, string>>();

/** Sends the request and compares the answer, byte by byte with ourselves, field by field with an old Consul. */
export async function replay(exchange: Exchange, peer: Peer): Promise<void> {
  const [method = '', path = ''] = withAgent(exchange.send, peer).split(/ (.*)/s);
  const { body, headers = {} } = exchange;
  const sent = body === undefined || body instanceof Uint8Array ? body : withAgent(textOf(body), peer);
  const options = sent === undefined ? { headers } : { headers, body: sent };
  const answer = await send(peer.port, method, path, options);
  const expected = { ...exchange.answer, ...(peer.isConsul187 ? exchange.consul187 : {}) };
  expect(answer.status, answer.text).to.equal(expected.status);
  if (expected.body !== undefined) compareBody(answer.text, withAgent(expected.body, peer), peer);
  for (const [name, value] of Object.entries(expected.headers ?? {})) {
    expect(answer.headers[name.toLowerCase()], name).to.equal(value);
  }
  compareMeta(answer, expected.meta);
  if (exchange.keep !== undefined) keepId(peer, exchange.keep, answer.text);
}

function keepId(peer: Peer, name: string, body: string): void {
  const { ID } = JSON.parse(body) as { ID: string };
  kept.set(peer, (kept.get(peer) ?? new Map<string, string>()).set(name, ID));
}

function textOf(body: unknown): string {
  return typeof body === 'string' ? body : JSON.stringify(body);
}

function withAgent(text: string, peer: Peer): string {
  const ids = kept.get(peer);
  return text
    .replaceAll('$AGENT', peer.agentName)
    .replace(/\$([A-Z][A-Z0-9]*)/g, (whole, name: string) => ids?.get(name) ?? whole);
}

function compareBody(actual: string, expected: string, { isConsul187 }: Peer): void {
  const masked = actual.replace(/"(CreateIndex|ModifyIndex|LTime)":( ?)\d+/g, '"$1":$20');
  if (!isConsul187 || !/^[[{]/.test(expected)) expect(masked).to.equal(expected);
  else expect(asOf187(JSON.parse(masked))).to.deep.equal(asOf187(JSON.parse(expected)));
}

function compareMeta({ headers }: HttpAnswer, meta: Expected['meta']): void {
  expect(headers['x-consul-effective-consistency']).to.equal(
    meta === 'leader' || meta === 'stale' || meta === 'consistent' ? meta : undefined,
  );
  // Events carry an index alone, and transactions that only read all but the index.
  expect(headers['x-consul-index'] === undefined).to.equal(meta === undefined || meta === 'txn');
  if (meta === 'event') return;
  if (meta === undefined) return;
  if (meta !== 'txn') expect(Number(headers['x-consul-index'])).to.be.at.least(1);
  if (meta === 'refused') expect(headers['x-consul-index']).to.equal('1');
  expect(headers['x-consul-knownleader']).to.equal(String(meta !== 'refused'));
  expect(headers['x-consul-lastcontact']).to.equal('0');
}

/** Fields that came after 1.8.7, by a field that tells where they stand. */
const LATER: readonly (readonly [among: string, fields: readonly string[]])[] = [
  ['CheckID', ['Interval', 'Timeout', 'ExposedPort']],
  ['EnableTagOverride', ['PeerName', 'Datacenter', 'ContentHash']],
  ['NearestN', ['Targets']],
  ['IgnoreCheckIDs', ['SamenessGroup', 'Peer']],
  ['ConsistencyLevel', ['Index', 'NotModified', 'Backend', 'ResultsFilteredByACLs']],
  ['ServiceProxy', ['ServiceSocketPath', 'ServiceLocality']],
  ['MeshGateway', ['Mode']],
  [
    'DeregisterCriticalServiceAfter',
    ['TLSServerName', 'TCPUseTLS', 'UDP', 'GRPC', 'OSService', 'GRPCUseTLS'],
  ],
];

/** A value of ours or of 1.8.7 as they can be compared: without later fields, lists in one order. */
export function asOf187(value: unknown): unknown {
  // Tags of a service come in the order of a Go map, which is none.
  if (Array.isArray(value)) return value.map(asOf187).sort();
  if (typeof value !== 'object' || value === null) return value;
  const dropped = LATER.flatMap(([among, fields]) => (among in value ? fields : []));
  const kept = Object.entries(value).filter(
    ([field, each]) =>
      !dropped.includes(field) &&
      !('PeerName' in value || 'Tags' in value ? field === 'Port' && each === 0 : false),
  );
  return Object.fromEntries(kept.map(([field, each]) => [field, asOf187(each)]));
}
