import type { Parts } from './parts.ts';

/**
 * What an algorithm makes of a member list: for every hash, the members in the order they are to be asked.
 *
 * Members are named by their index in the list. The two halves of a hash are unsigned 32-bit integers.
 */
export interface Placement {
  /** Number of points, or of whatever else the algorithm keeps per unit of weight. */
  readonly size: number;
  /** The member that comes first; -1 when no member has weight. */
  owner(high: number, low: number): number;
  /**
   * Visits the members in order, owner first, until `visit` answers false or all have been visited.
   *
   * A member may be visited more than once.
   */
  walk(high: number, low: number, visit: (member: number) => boolean): void;
  /** Who owns what, piece by piece, one at least; undefined where each key draws for itself. */
  parts(): Iterable<Parts> | undefined;
}
