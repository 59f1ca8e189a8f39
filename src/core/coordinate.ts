import { Drafting, type Decision } from './draft.ts';
import { nodeKey } from './ids.ts';
import type { Query } from './query.ts';
import type { State } from './state.ts';
import { topics } from './topics.ts';

/** Where a node is in the network: a point of Vivaldi's, by which round trips are estimated. */
export interface Coordinate {
  readonly vec: readonly number[];
  readonly error: number;
  readonly adjustment: number;
  readonly height: number;
}

export interface NodeCoordinate {
  readonly node: string;
  readonly segment: string;
  readonly coordinate: Coordinate;
}

const GROUP = 'coordinate';

/** Decides to note where a node is; one that is unknown is passed over, and those of nodes that have gone are dropped. */
export function decideCoordinate(state: State, update: NodeCoordinate): Decision<void> {
  const draft = new Drafting(state);
  const node = state.node(update.node);
  if (node !== undefined) {
    for (const each of coordinatesIn(state))
      if (state.node(each.node) === undefined) draft.delete('setting', settingName(each));
    const value: NodeCoordinate = { ...update, node: node.name };
    draft.put('setting', { name: settingName(value), value });
  }
  return { draft: draft.build(), result: undefined };
}

/** Coordinates of all nodes, or of one, by name. */
export function coordinatesQuery(node?: string): Query<readonly NodeCoordinate[]> {
  return {
    topics: [topics.settings(GROUP), topics.nodes],
    index: (state) => state.topic(topics.settings(GROUP)),
    run: (state) =>
      coordinatesIn(state)
        .filter((each) => node === undefined || nodeKey(each.node) === nodeKey(node))
        .filter((each) => state.node(each.node) !== undefined)
        .sort((a, b) => (nodeKey(a.node) < nodeKey(b.node) ? -1 : 1)),
  };
}

/** Where a node is; undefined where nobody has told. */
export function coordinateOf(state: State, node: string): Coordinate | undefined {
  const setting = state.settings.get(settingName({ node, segment: '' }));
  return (setting?.value as NodeCoordinate | undefined)?.coordinate;
}

/** Settings of this group are written above only. */
function coordinatesIn(state: State): NodeCoordinate[] {
  return [...state.settings.values()]
    .filter(({ name }) => name.startsWith(`${GROUP}:`))
    .map(({ value }) => value as NodeCoordinate);
}

function settingName({ node, segment }: Pick<NodeCoordinate, 'node' | 'segment'>): string {
  return `${GROUP}:${nodeKey(node)}/${segment}`;
}
