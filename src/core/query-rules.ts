import type { Stored } from './catalog.ts';
import { Drafting, type Decision } from './draft.ts';
import { RollcallError } from './errors.ts';
import { requireName } from './names.ts';
import type { PreparedQuery } from './prepared-query.ts';
import type { Query } from './query.ts';
import type { State } from './state.ts';
import { topics } from './topics.ts';

/**
 * Decides to keep a query, as a new one or in place of the one that has its id.
 *
 * Throws `query_not_found` where there is none to replace, `query_name_taken`, and `session_not_found`.
 */
export function decideQueryPut(state: State, query: PreparedQuery, isNew: boolean): Decision<void> {
  requireName('The query name', query.name);
  const draft = new Drafting(state);
  if (!isNew) requireQuery(state, query.id);
  requireOwnName(state, query);
  if (query.session !== '') {
    if (!state.sessions.has(query.session))
      throw new RollcallError('session_not_found', `invalid session ${JSON.stringify(query.session)}`);
    draft.requireRecord('session', query.session);
  }
  // A name is unique among all queries, whose records say nothing of each other.
  draft.requireTopic(topics.queries);
  draft.put('query', query);
  return { draft: draft.build(), result: undefined };
}

/** Decides to forget a query. Throws `query_not_found`. */
export function decideQueryDelete(state: State, id: string): Decision<void> {
  requireQuery(state, id);
  const draft = new Drafting(state);
  draft.delete('query', id);
  return { draft: draft.build(), result: undefined };
}

/** Drafts the end of the queries that go with a session. */
export function draftSessionQueries(draft: Drafting, state: State, session: string): void {
  // One that is being bound does not write the session, so it shows in the topic only.
  draft.requireTopic(topics.queries);
  for (const id of state.queriesOf(session).keys()) draft.delete('query', id);
}

/** All queries, by id. */
export function queriesQuery(): Query<readonly Stored<PreparedQuery>[]> {
  return {
    topics: [topics.queries],
    index: (state) => state.topic(topics.queries),
    run: (state) => [...state.queries.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
  };
}

/**
 * The query that a name or an id means: that id, else that name, else the template with the longest name that the
 * name begins with.
 *
 * Throws `invalid_request` for the id of a template.
 */
export function findQuery(state: State, nameOrId: string): Stored<PreparedQuery> | undefined {
  if (nameOrId === '') return undefined;
  const identified = state.queries.get(nameOrId.toLowerCase());
  if (identified?.template !== undefined)
    throw new RollcallError(
      'invalid_request',
      'prepared query templates can only be resolved up by name, not by ID',
    );
  return identified ?? named(state, nameOrId) ?? templateFor(state, nameOrId);
}

function named(state: State, name: string): Stored<PreparedQuery> | undefined {
  const [found] = state.queriesNamed(name).values();
  return found;
}

function templateFor(state: State, name: string): Stored<PreparedQuery> | undefined {
  for (let length = name.length; length >= 0; length--) {
    for (const query of state.queriesNamed(name.slice(0, length)).values())
      if (query.template !== undefined) return query;
  }
  return undefined;
}

function requireQuery(state: State, id: string): void {
  if (!state.queries.has(id))
    throw new RollcallError('query_not_found', `Cannot modify non-existent prepared query: '${id}'`);
}

function requireOwnName(state: State, { id, name, template }: PreparedQuery): void {
  const others = [...state.queriesNamed(name).values()].filter((other) => other.id !== id);
  if (name === '') {
    if (template !== undefined && others.some((other) => other.template !== undefined))
      throw new RollcallError('query_name_taken', 'a query template with an empty name already exists');
    return;
  }
  if (others.length > 0)
    throw new RollcallError('query_name_taken', `name '${name}' aliases an existing query name`);
  if (state.queries.has(name.toLowerCase()))
    throw new RollcallError('query_name_taken', `name '${name}' aliases an existing query ID`);
}
