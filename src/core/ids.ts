/**
 * Position in the history of one registry: `epoch * 2^32 + counter`.
 *
 * Epoch 0 therefore looks like Consul's small indexes. A safe integer for two million epochs.
 * 0 means "before the first commit".
 */
export type Revision = number;

/** Revisions one epoch can hold. */
export const EPOCH_SPAN = 2 ** 32;

/** The epoch a revision belongs to. */
export function epochOf(revision: Revision): number {
  return Math.floor(revision / EPOCH_SPAN);
}

/** The first revision of an epoch. */
export function firstOfEpoch(epoch: number): Revision {
  return epoch * EPOCH_SPAN + 1;
}

const SEPARATOR = '\0';

/**
 * Joins the parts of a composite key, such as node and instance id.
 *
 * Parts must not contain NUL; every edge refuses it in names.
 */
export function joinKey(first: string, ...rest: readonly string[]): string {
  let key = first;
  for (const part of rest) key += SEPARATOR + part;
  return key;
}

/** Splits what `joinKey` joined. */
export function splitKey(key: string): string[] {
  return key.split(SEPARATOR);
}

/** Node names compare without case, as DNS and Consul compare them. */
export function nodeKey(name: string): string {
  return name.toLowerCase();
}

/** Key of an instance record: its node and its id, which is unique on that node. */
export function instanceKey(node: string, id: string): string {
  return joinKey(nodeKey(node), id);
}

/** Key of a check record: its node and its id, which is unique on that node. */
export function checkKey(node: string, id: string): string {
  return joinKey(nodeKey(node), id);
}
