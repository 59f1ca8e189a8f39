import { expect } from 'chai';
import {
  decideBatch,
  decideSessionCreate,
  isEmpty,
  isReadOnlyBatch,
  type BatchOperation,
  type BatchOutcome,
} from '../../src/core/index.ts';
import { aCheck, aNode, anInstance, PureCatalog } from '../support/pure-catalog.ts';

const SESSION = 'aaaaaaaa-1111-4111-8111-111111111111';

function kv(verb: string, key: string, fields: { text?: string; revision?: number; session?: string } = {}) {
  const { text = '', revision = 0, session = '' } = fields;
  const value = Uint8Array.from(text, (char) => char.charCodeAt(0));
  return { kind: 'kv', verb, key, value, flags: '0', revision, session } as const;
}

const node = (verb: string, name: string, revision = 0): BatchOperation => ({
  kind: 'node',
  verb,
  node: aNode(name),
  revision,
});
const instance = (verb: string, on: string, id: string, revision = 0): BatchOperation => ({
  kind: 'instance',
  verb,
  instance: anInstance(on, 'web', { id }),
  revision,
});
const check = (verb: string, on: string, id: string, instanceId = ''): BatchOperation => ({
  kind: 'check',
  verb,
  check: { ...aCheck(on, id, { instanceId }), overwriteStatus: true },
  revision: 0,
});

describe('batch rules', () => {
  let catalog: PureCatalog;
  const decide = (...operations: BatchOperation[]) => decideBatch(catalog.state, operations);
  const run = (...operations: BatchOperation[]): BatchOutcome => catalog.commit(decide(...operations));
  const messages = (outcome: BatchOutcome) =>
    outcome.outcome === 'refused' ? outcome.refusals.map(({ index, message }) => [index, message]) : [];
  const texts = (outcome: BatchOutcome) =>
    outcome.outcome === 'applied'
      ? outcome.records.map((record) =>
          record.kind === 'kv'
            ? `${record.pair.key}=${String.fromCharCode(...record.pair.value)}`
            : record.kind,
        )
      : [];

  beforeEach(() => {
    catalog = new PureCatalog();
    run(node('set', 'n1'));
  });

  it('show each operation what the ones before it did, in one commit', () => {
    const before = catalog.state.revision;
    const outcome = run(
      kv('set', 'p/b', { text: '2' }),
      kv('set', 'p/a', { text: '1' }),
      kv('get', 'p/a'),
      kv('get-tree', 'p/'),
      kv('delete', 'p/b'),
      kv('check-not-exists', 'p/b'),
      kv('get-tree', 'p/'),
      kv('delete-tree', 'p/'),
      kv('get-or-empty', 'p/a'),
      kv('set', 'q'),
    );
    expect(texts(outcome)).to.deep.equal(['p/b=', 'p/a=', 'p/a=1', 'p/a=1', 'p/b=2', 'p/a=1', 'p/a=', 'q=']);
    expect(catalog.state.revision).to.equal(before + 1);
    expect([...catalog.state.kv.values()].map(({ key }) => key)).to.deep.equal(['q']);
  });

  it('change nothing when one fails, and name all that fail', () => {
    run(kv('set', 'a', { text: 'x' }));
    const { draft, result } = decide(
      kv('set', 'a', { text: 'y' }),
      kv('cas', 'a', { revision: 99 }),
      kv('get', 'nope'),
      kv('delete-cas', 'nope', { revision: 5 }),
      kv('check-index', 'nope'),
      kv('check-session', 'a', { session: 's' }),
      kv('unlock', 'a', { session: 's' }),
      kv('set', 'b'),
    );
    expect(isEmpty(draft)).to.equal(true);
    expect(messages(result)).to.deep.equal([
      [1, 'failed to set key "a", index is stale'],
      [2, 'key "nope" doesn\'t exist'],
      [4, 'failed to check index, key "nope" doesn\'t exist'],
      [5, 'failed session check for key "a", current session "" != "s"'],
      [6, 'failed to unlock key "a", lock isn\'t held, or is held by another session'],
    ]);
  });

  it('look first for what is wrong in itself', () => {
    const { result } = decide(kv('get', 'nope'), kv('set', ''), node('set', ''), kv('delete-tree', ''));
    expect(messages(result)).to.deep.equal([
      [1, 'Must provide key'],
      [2, 'Must provide node'],
    ]);
  });

  it('compare conditions with the state before, never with a write of the batch itself', () => {
    run(kv('set', 'a', { text: 'x' }));
    const { modifyRevision = 0 } = catalog.state.kv.get('a') ?? {};
    const at = { revision: modifyRevision };
    expect(run(kv('check-index', 'a', at), kv('cas', 'a', { ...at, text: 'y' })).outcome).to.equal('applied');
    const again = { revision: catalog.state.kv.get('a')?.modifyRevision ?? 0, text: 'z' };
    expect(messages(decide(kv('cas', 'a', again), kv('cas', 'a', again)).result)).to.have.length(1);
    expect(messages(decide(kv('cas', 'a')).result)).to.have.length(1);
    expect(run(kv('cas', 'new')).outcome).to.equal('applied');
  });

  it('rely on everything they looked at', () => {
    const { compares } = decide(kv('check-not-exists', 'x'), kv('get-tree', 'p/'), kv('set', 'y')).draft;
    expect(compares).to.deep.include({ kind: 'record', table: 'kv', key: 'x', revision: 0 });
    expect(compares).to.deep.include({ kind: 'topic', topic: 'kv:p/', revision: catalog.state.revision });
  });

  it('make another record of a key that they delete and set again', () => {
    run(kv('set', 'a', { text: 'x' }));
    run(kv('delete', 'a'), kv('set', 'a', { text: 'x' }));
    const { createRevision, modifyRevision } = catalog.state.kv.get('a') ?? {};
    expect([createRevision, modifyRevision]).to.deep.equal([catalog.state.revision, catalog.state.revision]);
    expect(catalog.state.tombstones.has('a')).to.equal(false);
  });

  it('lock, check and unlock', () => {
    const session = { name: '', lockDelayMs: 15_000, behavior: 'release', ttlMs: 0, checks: [] } as const;
    catalog.commit(decideSessionCreate(catalog.state, { ...session, id: SESSION, node: 'n1' }));
    const own = { session: SESSION };
    expect(run(kv('lock', 'l', own), kv('check-session', 'l', own)).outcome).to.equal('applied');
    expect(catalog.state.kv.get('l')).to.include({ session: SESSION, lockIndex: 1 });
    expect(messages(run(kv('lock', 'l', { session: 'x' })))).to.deep.equal([[0, 'invalid session "x"']]);
    expect(messages(run(kv('lock', 'l2')))).to.deep.equal([[0, 'missing session']]);
    // What a batch locks is lost with the session that it ends.
    expect(run(kv('lock', 'm', own), node('delete', 'n1')).outcome).to.equal('applied');
    expect([catalog.state.sessions.size, catalog.state.keysHeldBy(SESSION).size]).to.deep.equal([0, 0]);
    expect(messages(run(kv('lock', 'm', own)))).to.deep.equal([
      [0, 'failed to lock key "m" due to lock delay'],
    ]);
  });

  it('set, read and delete nodes, instances and checks', () => {
    const outcome = run(
      node('set', 'n2'),
      instance('set', 'n2', 'w'),
      check('set', 'n2', 'c', 'w'),
      instance('get', 'n2', 'w'),
      check('get', 'n2', 'c'),
    );
    expect(texts(outcome)).to.deep.equal(['node', 'instance', 'check', 'instance', 'check']);
    expect(catalog.state.instancesOf('web').size).to.equal(1);
    expect(run(instance('set', 'n2', 'v'), check('set', 'n2', 'd', 'v'), node('delete', 'N2'))).to.include({
      outcome: 'applied',
    });
    const { instances, checks, nodes } = catalog.state;
    expect([instances.size, checks.size, [...nodes.keys()]]).to.deep.equal([0, 0, ['n1']]);
  });

  it('Compat(consul): an absent record cannot be deleted under a condition, unlike an absent key', () => {
    expect(run(kv('delete-cas', 'nope', { revision: 3 })).outcome).to.equal('applied');
    const { result } = decide(
      node('delete-cas', 'nope', 3),
      instance('delete-cas', 'n1', 'nope'),
      check('delete-cas', 'n1', 'nope'),
    );
    expect(messages(result)).to.deep.equal([
      [0, 'failed to delete node "nope", index is stale'],
      [1, 'failed to delete service "nope" on node "n1", index is stale'],
      [2, 'failed to delete check "nope" on node "n1", index is stale'],
    ]);
    expect(run(node('delete', 'nope'), check('delete', 'n1', 'nope')).outcome).to.equal('applied');
  });

  it('refuse what has no place to be, and verbs they do not know', () => {
    const { result } = decide(
      instance('set', 'nope', 'w'),
      check('set', 'n1', 'c', 'nope'),
      node('get', 'nope'),
      kv('flip', 'k'),
      node('flip', 'n1'),
    );
    if (result.outcome !== 'refused') throw new Error('not refused');
    expect(result.refusals.map(({ code }) => code)).to.deep.equal([
      'node_not_found',
      'instance_not_found',
      'condition_failed',
      'invalid_request',
      'invalid_request',
    ]);
  });

  it('are read-only without a verb that writes', () => {
    expect(
      isReadOnlyBatch([kv('get', 'a'), kv('check-index', 'a'), kv('flip', 'a'), node('get', 'n')]),
    ).to.equal(true);
    for (const write of [kv('lock', 'a'), kv('delete-tree', 'a'), node('flip', 'n'), check('set', 'n', 'c')])
      expect(isReadOnlyBatch([write])).to.equal(false);
  });
});
