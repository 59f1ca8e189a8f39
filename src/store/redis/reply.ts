import type { BinAnswer, Revision } from '../../core/index.ts';
import { StoreError } from '../store.ts';

/**
 * Layout of the keys and of the log's entries.
 *
 * What older nodes pass over, such as a new table or field, keeps the number; anything else needs another one, and
 * nodes of different numbers do not share a store.
 */
export const LAYOUT = '1';

/** One entry of the log: the commits of one group, or the opening of an epoch. */
export interface LogEntry {
  readonly revision: Revision;
  /** The revision before the entry. */
  readonly previous: Revision;
  readonly epoch: number | undefined;
  readonly frames: readonly Buffer[];
}

/** Reads an XREAD reply of one stream; nil means no entries. */
export function decodeLog(reply: unknown): LogEntry[] {
  if (reply === null) return [];
  const stream = toArray(toArray(reply)[0]);
  return toArray(stream[1]).map((item) => {
    const [id, fields] = toArray(item);
    return decodeEntry(Number.parseInt(toText(id), 10), toArray(fields));
  });
}

function decodeEntry(revision: Revision, fields: readonly unknown[]): LogEntry {
  let previous: Revision | undefined;
  let epoch: number | undefined;
  const frames: Buffer[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = toText(fields[i]);
    if (name === 'v') assertKnown(toText(fields[i + 1]));
    if (name === 'p') previous = toNumber(fields[i + 1]);
    if (name === 'e') epoch = toNumber(fields[i + 1]);
    if (name === 't') frames.push(toBuffer(fields[i + 1]));
  }
  if (previous === undefined) throw malformed('an entry of the log names no predecessor');
  return { revision, previous, epoch, frames };
}

/** Reads what `lua/acquire.lua` answers. */
export function toBinAnswer(reply: unknown): BinAnswer {
  const [outcome, ...rest] = toArray(reply);
  if (toText(outcome) === 'full') return { outcome: 'full', poolLoad: toNumber(rest[0]) };
  const [bin, load, poolLoad, cap] = rest;
  const held = { bin: toText(bin), load: toNumber(load), poolLoad: toNumber(poolLoad) };
  if (cap === undefined) return { outcome: 'renewed', ...held };
  return { outcome: 'acquired', ...held, cap: toNumber(cap) };
}

/** An entry of another layout would be misread; one without a version is of the first. */
function assertKnown(layout: string): void {
  if (layout !== LAYOUT) throw malformed(`the log has layout ${layout}, this node knows ${LAYOUT}`);
}

export function toArray(reply: unknown): readonly unknown[] {
  if (!Array.isArray(reply)) throw malformed('expected an array');
  return reply;
}

export function toBuffer(reply: unknown): Buffer {
  if (!Buffer.isBuffer(reply)) throw malformed('expected a string');
  return reply;
}

export function toText(reply: unknown): string {
  return toBuffer(reply).toString('utf8');
}

/** A number, or a string that is one. */
export function toNumber(reply: unknown): number {
  const number = typeof reply === 'number' ? reply : Number(toText(reply));
  if (!Number.isSafeInteger(number)) throw malformed('expected an integer');
  return number;
}

function malformed(reason: string): StoreError {
  return new StoreError('unavailable', `unexpected reply of Redis: ${reason}`);
}
