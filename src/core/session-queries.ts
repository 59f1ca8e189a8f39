import type { Stored } from './catalog.ts';
import type { Query } from './query.ts';
import type { Session } from './session.ts';
import type { State } from './state.ts';
import { topics } from './topics.ts';

/** All sessions, by id. */
export function sessionsQuery(): Query<readonly Stored<Session>[]> {
  return {
    topics: [topics.sessions],
    index,
    run: (state) => sorted(state.sessions.values()),
  };
}

/** The sessions that live on a node, by id; its index is that of all sessions. */
export function sessionsOnQuery(node: string): Query<readonly Stored<Session>[]> {
  return {
    topics: [topics.sessionsOn(node)],
    index,
    run: (state) => sorted(state.sessionsOn(node).values()),
  };
}

/** One session; undefined when there is none. Its index is that of all sessions. */
export function sessionQuery(id: string): Query<Stored<Session> | undefined> {
  return {
    topics: [topics.session(id)],
    index,
    run: (state) => state.sessions.get(id),
    isAbsent: (state) => !state.sessions.has(id),
  };
}

function index(state: State): number {
  return state.topic(topics.sessions);
}

function sorted(sessions: Iterable<Stored<Session>>): Stored<Session>[] {
  return [...sessions].sort((a, b) => (a.id < b.id ? -1 : 1));
}
