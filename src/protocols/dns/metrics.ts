import type { Transport } from './limits.ts';
import { RCODE, TYPE, type Rcode } from './wire-record.ts';

/** Where the server counts what it does; the labels are few, whatever clients send. */
export interface DnsMetrics {
  /**
   * `type` as A, AAAA, SRV...; `OTHER` for types without a part here, `-` where the query could not be read; `rcode`
   * as NOERROR, NXDOMAIN...; `RECURSED` for what another server answered.
   */
  readonly onAnswered: (type: string, rcode: string, transport: Transport) => void;
  readonly onDropped: (reason: DropReason, transport: Transport) => void;
}

/**
 * `malformed`: not a query; `overload`: too much unsent, or too many connections; `rate`: too many answers to one
 * prefix; `send`: the system refused it.
 */
export type DropReason = 'malformed' | 'overload' | 'rate' | 'send';

export const NO_METRICS: DnsMetrics = { onAnswered: () => undefined, onDropped: () => undefined };

const TYPE_NAMES = namesByNumber(TYPE);
const RCODE_NAMES = namesByNumber(RCODE);

export function typeName(type: number): string {
  return TYPE_NAMES.get(type) ?? 'OTHER';
}

export function rcodeName(rcode: Rcode): string {
  return RCODE_NAMES.get(rcode) ?? '-';
}

function namesByNumber(numbers: Readonly<Record<string, number>>): ReadonlyMap<number, string> {
  return new Map(Object.entries(numbers).map(([name, number]) => [number, name]));
}
