/* eslint-disable no-template-curly-in-string -- templates of prepared queries are written so */
import { expect } from 'chai';
import {
  compileTemplate,
  decideQueryDelete,
  decideQueryPut,
  decideSessionDestroy,
  findQuery,
  topics,
  type PreparedQuery,
} from '../../src/core/index.ts';
import { compileGroups } from '../../src/platform/regexp.ts';
import { PureCatalog } from '../support/pure-catalog.ts';

const SESSION = 'aaaaaaaa-0000-4000-8000-000000000001';
const ID = 'bbbbbbbb-0000-4000-8000-000000000001';
const OTHER = 'bbbbbbbb-0000-4000-8000-000000000002';

function aQuery(fields: Partial<PreparedQuery> = {}): PreparedQuery {
  const target = { service: 'web', failover: { nearest: 0 }, onlyPassing: false, near: '', isConnect: false };
  return { id: ID, name: 'q', session: '', token: '', target, ...fields };
}

function aTemplate(name: string, service: string, regexp = ''): PreparedQuery {
  const query = aQuery({ name, template: { regexp, removeEmptyTags: false } });
  return { ...query, target: { ...query.target, service } };
}

function withSession(): PureCatalog {
  const catalog = new PureCatalog();
  const session = { id: SESSION, name: '', node: 'n', lockDelayMs: 0, behavior: 'release' as const };
  const value = { ...session, ttlMs: 0, checks: [], createRevision: 1, modifyRevision: 1 };
  catalog.state.apply({
    revision: 1,
    operation: 'x',
    touches: [],
    changes: [{ table: 'session', key: SESSION, value }],
  });
  return catalog;
}

describe('prepared queries', () => {
  it('keep names unique without case, and apart from ids', () => {
    const catalog = new PureCatalog();
    catalog.commit(decideQueryPut(catalog.state, aQuery(), true));
    const taken = (fields: Partial<PreparedQuery>) => () =>
      decideQueryPut(catalog.state, aQuery({ id: OTHER, ...fields }), true);
    expect(taken({ name: 'Q' })).to.throw("name 'Q' aliases an existing query name");
    expect(taken({ name: ID })).to.throw(`name '${ID}' aliases an existing query ID`);
    catalog.commit(decideQueryPut(catalog.state, aQuery({ name: 'Q' }), false));
    catalog.commit(taken({ name: 'q2' })());
    expect(() => decideQueryPut(catalog.state, aQuery({ id: SESSION }), false)).to.throw('non-existent');
    expect(() => decideQueryDelete(catalog.state, SESSION)).to.throw('non-existent');
  });

  it('are written only while nobody else writes a query', () => {
    const { state } = new PureCatalog();
    const { compares } = decideQueryPut(state, aQuery(), true).draft;
    expect(compares).to.deep.include({ kind: 'topic', topic: topics.queries, revision: 0 });
  });

  it('go with their session, and one being bound meanwhile makes that decision void', () => {
    const catalog = withSession();
    const unknown = aQuery({ session: OTHER });
    expect(() => decideQueryPut(catalog.state, unknown, true)).to.throw(`invalid session "${OTHER}"`);
    const bound = decideQueryPut(catalog.state, aQuery({ session: SESSION }), true);
    expect(bound.draft.compares).to.deep.include({
      kind: 'record',
      table: 'session',
      key: SESSION,
      revision: 1,
    });
    catalog.commit(bound);
    const end = decideSessionDestroy(catalog.state, SESSION);
    expect(end.draft.compares).to.deep.include({
      kind: 'topic',
      topic: topics.queries,
      revision: catalog.state.revision,
    });
    catalog.commit(end);
    expect(catalog.state.queries.size).to.equal(0);
  });

  it('are found by id, then by name, then by the template with the longest name', () => {
    const catalog = new PureCatalog();
    const put = (query: PreparedQuery) => {
      catalog.commit(decideQueryPut(catalog.state, query, true));
    };
    put(aQuery({ id: ID, name: 'geo-web' }));
    put({ ...aTemplate('geo-', 'x'), id: OTHER });
    put({ ...aTemplate('GEO-db', 'x'), id: SESSION });
    const nameOf = (nameOrId: string) => findQuery(catalog.state, nameOrId)?.name;
    expect(nameOf(ID.toUpperCase())).to.equal('geo-web');
    expect(nameOf('Geo-Web')).to.equal('geo-web');
    expect(nameOf('geo-web-1')).to.equal('geo-');
    expect(nameOf('geo-db1')).to.equal('GEO-db');
    expect(nameOf('geo')).to.equal(undefined);
    expect(nameOf('')).to.equal(undefined);
    expect(() => nameOf(OTHER)).to.throw('only be resolved up by name');
  });
});

describe('templates of prepared queries', () => {
  const rendered = (service: string, name = 'a-b', regexp = '') =>
    compileTemplate(aTemplate('a-', service, regexp), compileGroups)(name).service;

  it('know the name, its parts and what a regular expression found in it', () => {
    expect(rendered('${name.full} ${name.prefix} ${name.suffix}', 'a-b')).to.equal('a-b a- b');
    expect(rendered('${match(1)}${match(2)}${match(-1)}', 'a-b', '^a-(b)?(c)?')).to.equal('b');
    expect(rendered('${match(1)}', 'a-x', '^a-(b)$')).to.equal('');
  });

  it('hold a dollar that is written twice; a dollar at the very end is lost', () => {
    expect(rendered('a$$b')).to.equal('a$b');
    expect(rendered('a$')).to.equal('a');
  });

  it('are refused when they divide by zero, or are nested without end', () => {
    expect(() => rendered('${1/0}')).to.throw('divide by zero');
    for (const text of ['(', '-', 'match(']) {
      expect(() => rendered(`\${${text.repeat(50_000)}`), text).to.throw('parse error: syntax error');
    }
    expect(() => rendered('${"'.repeat(50_000))).to.throw('parse error: syntax error');
  });
});
