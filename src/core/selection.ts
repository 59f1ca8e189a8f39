import type { Check, Instance, Node, StringMap } from './catalog.ts';
import { worstStatus } from './check-status.ts';
import type { State } from './state.ts';

/** Which instances of a service a lookup wants; all conditions must hold. */
export interface Selection {
  /** Tags the instance must have, compared without case. */
  readonly tags: readonly string[];
  /** Metadata the instance's node must have. */
  readonly nodeMeta: StringMap;
  /** Whether every check, of the instance and of its node, must be passing. */
  readonly passing: boolean;
}

interface Candidate {
  readonly node: Node;
  readonly instance: Instance;
  readonly checks: readonly Check[];
}

export function isSelected(
  { node, instance, checks }: Candidate,
  { tags, nodeMeta, passing }: Selection,
): boolean {
  if (passing && worstStatus(checks) !== 'passing') return false;
  return hasTags(instance, tags) && hasMeta(node, nodeMeta);
}

/** Whether a node exists and has all of these metadata. */
export function hasMeta(node: Node | undefined, wanted: StringMap): boolean {
  const held = node?.meta ?? {};
  return (
    node !== undefined &&
    Object.entries(wanted).every(([key, value]) => Object.hasOwn(held, key) && held[key] === value)
  );
}

/**
 * Name of the node that a name, an id or the beginning of an id means; names win.
 *
 * An ambiguous beginning means no node, and neither does one of a single character.
 */
export function findNodeName(state: State, reference: string): string | undefined {
  const named = state.node(reference);
  if (named !== undefined) return named.name;
  const prefix = reference.toLowerCase();
  if (prefix.length < 2 || !/^[0-9a-f-]+$/.test(prefix)) return undefined;
  const found = [...state.nodes.values()].filter(({ id }) => id.toLowerCase().startsWith(prefix));
  return found.length === 1 ? found[0]?.name : undefined;
}

function hasTags(instance: Instance, wanted: readonly string[]): boolean {
  if (wanted.length === 0) return true;
  const held = new Set(instance.tags.map((tag) => tag.toLowerCase()));
  return wanted.every((tag) => held.has(tag.toLowerCase()));
}
