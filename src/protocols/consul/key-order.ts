import { instanceKey, topics, type InstanceView, type Query } from '../../core/index.ts';
import type { Registry } from '../../registry/index.ts';
import type { Question } from './reader.ts';

type InstancesQuestion = Pick<Question<readonly InstanceView[]>, 'query' | 'sorted' | 'isVolatile'>;

/**
 * A question for instances in the order that is asked for: by `?near`, or for the key of `?hash`, which is ours.
 *
 * By key the owner comes first, then who is to be asked after it; critical ones and those far behind follow. Who
 * waits for that is woken by a change of the ring's policy as well.
 */
export function orderOf(
  registry: Registry,
  key: string | null,
  service: string,
  query: Query<readonly InstanceView[]>,
): InstancesQuestion {
  if (key === null) return { query, sorted: (views, by) => by(views, ({ node }) => node.name) };
  const topic = topics.ring(service);
  return {
    isVolatile: true,
    query: {
      ...query,
      topics: [...query.topics, topic],
      index: (state) => Math.max(query.index(state), state.topic(topic)),
      run: (state) => inKeyOrder(registry, service, key, query.run(state)),
    },
  };
}

/** Waits, where instances are to be in the order for a key, for the first ring of a large service. */
export async function readyForKey(registry: Registry, key: string | null, service: string): Promise<void> {
  if (key !== null && registry.ready) await registry.rings.ready(service);
}

function inKeyOrder(
  { rings }: Registry,
  service: string,
  key: string,
  views: readonly InstanceView[],
): readonly InstanceView[] {
  if (views.length === 0) return views;
  const ranks = rings.ranks(service, key);
  const rankOf = ({ instance }: InstanceView) =>
    ranks.get(instanceKey(instance.node, instance.id)) ?? Number.MAX_SAFE_INTEGER;
  return [...views].sort((a, b) => rankOf(a) - rankOf(b));
}
