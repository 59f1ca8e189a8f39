import { Drafting, type Decision } from './draft.ts';
import { eventKey, type UserEvent } from './event.ts';
import type { Query } from './query.ts';
import type { State } from './state.ts';
import { topics } from './topics.ts';

/** How many events are remembered. */
const MAX_EVENTS = 256;

/** Decides to announce an event, which gets the next time; the oldest ones are forgotten for it. */
export function decideFire(state: State, event: Omit<UserEvent, 'time'>): Decision<UserEvent> {
  const draft = new Drafting(state);
  const held = eventsOf(state);
  const fired: UserEvent = { ...event, time: (held.at(-1)?.time ?? 0) + 1 };
  draft.put('event', fired);
  for (const old of held.slice(0, Math.max(0, held.length + 1 - MAX_EVENTS)))
    draft.delete('event', eventKey(old));
  return { draft: draft.build(), result: fired };
}

/** The remembered events, oldest first, with that name where one is given. */
export function eventsOf(state: State, name?: string): UserEvent[] {
  const events = [...state.events.withPrefix('')].map(([, event]) => event);
  return name === undefined ? events : events.filter((event) => event.name === name);
}

/**
 * The remembered events; a reader that waits (with index 1) is answered once the last one is another than
 * the one it knows.
 */
export function eventsAfterQuery(
  isKnown: (last: UserEvent | undefined) => boolean,
  name?: string,
): Query<readonly UserEvent[]> {
  return {
    topics: [topics.events],
    index: (state) => (isKnown(eventsOf(state, name).at(-1)) ? 1 : 2),
    run: (state) => eventsOf(state, name),
  };
}
