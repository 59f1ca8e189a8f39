import { coordinateOf, type Coordinate } from './coordinate.ts';
import type { State } from './state.ts';

/**
 * Items by their node's round trip from the node `near`; ties, and nodes whose place is unknown, as they came and last.
 *
 * Left as they are where nobody knows where `near` is.
 */
export function sortedByDistance<T>(
  state: State,
  near: string,
  items: readonly T[],
  nodeOf: (item: T) => string,
): T[] {
  const origin = coordinateOf(state, near);
  if (origin === undefined) return [...items];
  const measured = items.map((item) => {
    const place = coordinateOf(state, nodeOf(item));
    return { item, seconds: place === undefined ? Infinity : roundTripSeconds(origin, place) };
  });
  measured.sort((a, b) => (a.seconds === b.seconds ? 0 : a.seconds - b.seconds));
  return measured.map(({ item }) => item);
}

/** Dabek et al., "Vivaldi" (2004), with heights; the adjustment counts unless it would take the trip below zero. */
export function roundTripSeconds(a: Coordinate, b: Coordinate): number {
  const squares = a.vec.map((each, i) => (each - (b.vec[i] ?? 0)) ** 2);
  const raw = Math.sqrt(squares.reduce((sum, each) => sum + each, 0)) + a.height + b.height;
  const adjusted = raw + a.adjustment + b.adjustment;
  return adjusted > 0 ? adjusted : raw;
}
