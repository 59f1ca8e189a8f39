import { expect } from 'chai';
import {
  decideAcquire,
  decideDeregisterCheck,
  decideDeregisterNode,
  decideExpiry,
  decideKvPut,
  decideRegister,
  decideSessionCreate,
  decideSessionDestroy,
  decideSessionRegrant,
  decideStatus,
  graceMs,
  RollcallError,
  sessionLease,
  type Check,
  type Session,
} from '../../src/core/index.ts';
import { aCheck, aNode, PureCatalog } from '../support/pure-catalog.ts';

const ID = 'aaaaaaaa-1111-4111-8111-111111111111';
const OTHER = 'bbbbbbbb-1111-4111-8111-111111111111';
const LEASE = sessionLease(ID);
const value = new Uint8Array([1]);

function aSession(fields: Partial<Session> = {}): Session {
  return {
    id: ID,
    name: '',
    node: 'n1',
    lockDelayMs: 15_000,
    behavior: 'release',
    ttlMs: 0,
    checks: ['alive'],
    ...fields,
  };
}

function register(catalog: PureCatalog, fields: Partial<Check> = {}): void {
  const check = { ...aCheck('n1', 'alive', fields), overwriteStatus: true };
  catalog.commit(
    decideRegister(catalog.state, {
      node: aNode('n1'),
      keepNode: true,
      checks: [check],
      replaceChecks: false,
    }),
  );
}

function create(catalog: PureCatalog, fields: Partial<Session> = {}): void {
  catalog.commit(decideSessionCreate(catalog.state, aSession(fields)));
}

function acquire(catalog: PureCatalog, key: string, session = ID): string {
  return catalog.commit(decideAcquire(catalog.state, { key, value, flags: '0', session })).outcome;
}

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof RollcallError) return error.code;
    throw error;
  }
  return 'nothing thrown';
}

describe('session rules', () => {
  let catalog: PureCatalog;
  beforeEach(() => {
    catalog = new PureCatalog();
    register(catalog);
  });

  it('create a session where its node and checks are, none of them critical', () => {
    expect(codeOf(() => create(catalog, { node: 'n2' }))).to.equal('node_not_found');
    expect(codeOf(() => create(catalog, { checks: ['nope'] }))).to.equal('check_not_found');
    register(catalog, { status: 'critical' });
    expect(codeOf(() => create(catalog))).to.equal('check_critical');
    register(catalog, { status: 'warning' });
    create(catalog);
    expect(catalog.state.sessions.get(ID)?.node).to.equal('n1');
    expect([...catalog.state.sessionsOn('N1').keys()]).to.deep.equal([ID]);
  });

  it('rely on the checks and the node, so that a concurrent change of them conflicts', () => {
    const { compares } = decideSessionCreate(catalog.state, aSession()).draft;
    const records = compares.flatMap((compare) => (compare.kind === 'record' ? [compare.key] : []));
    expect(records).to.include.members(['n1', 'n1\0alive', ID]);
  });

  it('give a session with a TTL a lease that ends after the TTL and before twice of it', () => {
    create(catalog, { ttlMs: 10_000 });
    expect(catalog.leases.get(LEASE)).to.be.within(10_001, 19_999);
    create(catalog, { id: OTHER });
    expect(catalog.leases.has(sessionLease(OTHER))).to.equal(false);
  });

  const ends: Readonly<Record<string, (to: PureCatalog) => void>> = {
    'it is destroyed': (to) => to.commit(decideSessionDestroy(to.state, ID)),
    'its lease runs out': (to) => to.commit(decideExpiry(to.state, LEASE)),
    'a check turns critical': (to) =>
      to.commit(
        decideStatus(to.state, {
          node: 'n1',
          checkId: 'alive',
          status: 'critical',
          output: '',
          writeOutput: false,
        }),
      ),
    'a check is registered as critical': (to) => register(to, { status: 'critical' }),
    'a check goes': (to) => to.commit(decideDeregisterCheck(to.state, 'n1', 'alive')),
    'its node goes': (to) => to.commit(decideDeregisterNode(to.state, 'n1')),
  };
  for (const [when, end] of Object.entries(ends)) {
    it(`end a session in the same commit when ${when}`, () => {
      create(catalog, { ttlMs: 10_000 });
      acquire(catalog, 'lock');
      const before = catalog.state.revision;
      end(catalog);
      expect(catalog.state.revision).to.equal(before + 1);
      expect(catalog.state.sessions.size).to.equal(0);
      expect(catalog.leases.has(LEASE)).to.equal(false);
      const pair = catalog.state.kv.get('lock');
      expect(pair?.modifyRevision).to.equal(before + 1);
      expect([pair?.session, pair?.lockIndex]).to.deep.equal([undefined, 1]);
      expect(catalog.state.topic('sessions')).to.equal(before + 1);
      expect(catalog.state.keysHeldBy(ID).size).to.equal(0);
    });
  }

  it('keep a session while a check warns, and while another check of its node is critical', () => {
    create(catalog);
    register(catalog, { status: 'warning' });
    register(catalog, { id: 'other', status: 'passing' });
    register(catalog, { id: 'other', status: 'critical' });
    expect(catalog.state.sessions.size).to.equal(1);
  });

  it('delete held keys, and no others, where the session says so', () => {
    create(catalog, { behavior: 'delete' });
    acquire(catalog, 'held');
    catalog.commit(decideKvPut(catalog.state, { key: 'free', value, flags: '0' }));
    catalog.commit(decideSessionDestroy(catalog.state, ID));
    expect([catalog.state.kv.has('held'), catalog.state.kv.has('free')]).to.deep.equal([false, true]);
    expect(catalog.state.tombstones.has('held')).to.equal(true);
  });

  it('end a session only if nobody acquires a lock for it meanwhile', () => {
    create(catalog);
    const topicsOf = (decision: { draft: { compares: readonly object[] } }) =>
      decision.draft.compares.flatMap((compare) => ('topic' in compare ? [compare.topic] : []));
    const ending = decideSessionDestroy(catalog.state, ID);
    const taking = decideAcquire(catalog.state, { key: 'late', value, flags: '0', session: ID });
    const shared = topicsOf(ending).filter((topic) => taking.draft.touches.includes(String(topic)));
    expect(shared).to.deep.equal(['locks:aa']);
  });

  it('let a check fail only if nobody creates a session on its node meanwhile', () => {
    const failing = decideDeregisterCheck(catalog.state, 'n1', 'alive').draft;
    const creating = decideSessionCreate(catalog.state, aSession()).draft;
    const required = failing.compares.flatMap((each) => (each.kind === 'topic' ? [each.topic] : []));
    expect(creating.touches.filter((topic) => required.includes(topic))).to.deep.equal(['sessions:n1']);
  });

  it('do not end a lease whose session this view has not seen yet', () => {
    const { result, draft } = decideExpiry(catalog.state, LEASE);
    expect(result).to.equal('stale');
    expect(draft.compares).to.deep.include({ kind: 'record', table: 'session', key: ID, revision: 0 });
  });

  it('start a lost lease anew, and not that of a session that is gone', () => {
    create(catalog, { ttlMs: 10_000 });
    catalog.leases.clear();
    catalog.commit(decideSessionRegrant(catalog.state, ID));
    expect(catalog.leases.has(LEASE)).to.equal(true);
    expect(codeOf(() => decideSessionRegrant(catalog.state, OTHER))).to.equal('session_not_found');
  });

  it('spare a session for its whole lease after an outage', () => {
    create(catalog, { ttlMs: 10_000 });
    const lease = catalog.leases.get(LEASE) ?? 0;
    expect(graceMs(catalog.state, LEASE, { nowMs: 1000, resumedAtMs: 900 })).to.equal(lease - 100);
    expect(graceMs(catalog.state, sessionLease(OTHER), { nowMs: 1, resumedAtMs: 1 })).to.equal(0);
  });
});
