import type { WireName } from './wire-name.ts';

/** Record types by number (IANA DNS parameters). */
export const TYPE = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
  AXFR: 252,
  ANY: 255,
} as const;

export const RCODE = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  BADVERS: 16,
} as const;
export type Rcode = (typeof RCODE)[keyof typeof RCODE];

export const CLASS_IN = 1;

interface RecordBase {
  readonly owner: WireName;
  readonly ttlSeconds: number;
}

export interface AddressRecord extends RecordBase {
  /** 4 bytes are an A record, 16 bytes an AAAA. */
  readonly type: 'address';
  readonly address: Uint8Array;
}

export interface NameRecord extends RecordBase {
  readonly type: 'CNAME' | 'NS' | 'PTR';
  readonly target: WireName;
}

export interface SrvRecord extends RecordBase {
  readonly type: 'SRV';
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly target: WireName;
}

export interface TxtRecord extends RecordBase {
  readonly type: 'TXT';
  /** Written in strings of at most 255 bytes. */
  readonly text: string;
}

export interface SoaRecord extends RecordBase {
  readonly type: 'SOA';
  readonly primary: WireName;
  readonly mailbox: WireName;
  readonly serial: number;
  readonly refreshSeconds: number;
  readonly retrySeconds: number;
  readonly expireSeconds: number;
  readonly negativeTtlSeconds: number;
}

export type ResourceRecord = AddressRecord | NameRecord | SrvRecord | TxtRecord | SoaRecord;
