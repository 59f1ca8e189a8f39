import { expect } from 'chai';
import {
  decideAcquire,
  decideExpiry,
  decideKvDelete,
  decideKvPut,
  decideLockHold,
  decideRegister,
  decideRelease,
  decideSessionCreate,
  decideSessionDestroy,
  EPOCH_SPAN,
  fenceIndexOf,
  isEmpty,
  RollcallError,
  type Session,
} from '../../src/core/index.ts';
import { aNode, PureCatalog } from '../support/pure-catalog.ts';

const A = 'aaaaaaaa-1111-4111-8111-111111111111';
const B = 'bbbbbbbb-1111-4111-8111-111111111111';
const DELAY = 'lock-delay\0lock';

function bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

describe('lock rules', () => {
  let catalog: PureCatalog;
  const pair = () => catalog.state.kv.get('lock');
  const put = (session: string, text = '1') => ({ key: 'lock', value: bytes(text), flags: '0', session });
  const acquire = (session: string, text?: string) =>
    catalog.commit(decideAcquire(catalog.state, put(session, text))).outcome;
  const release = (session: string) => catalog.commit(decideRelease(catalog.state, put(session, 'free')));
  const destroy = (session: string) => catalog.commit(decideSessionDestroy(catalog.state, session));
  const create = (id: string, fields: Partial<Session> = {}) => {
    const session: Session = {
      id,
      name: '',
      node: 'n1',
      lockDelayMs: 15_000,
      behavior: 'release',
      ttlMs: 0,
      checks: [],
      ...fields,
    };
    catalog.commit(decideSessionCreate(catalog.state, session));
  };

  beforeEach(() => {
    catalog = new PureCatalog();
    const node = aNode('n1');
    catalog.commit(decideRegister(catalog.state, { node, keepNode: true, checks: [], replaceChecks: false }));
    create(A);
    create(B);
  });

  it('let one session hold a key, and the next one when it is released', () => {
    expect([acquire(A), acquire(B)]).to.deep.equal(['acquired', 'held']);
    expect(pair()).to.include({ session: A, lockIndex: 1 });
    expect([release(B), release(A), release(A)]).to.deep.equal([false, true, false]);
    expect(pair()).to.include({ lockIndex: 1 }).and.not.have.property('session');
    expect(acquire(B)).to.equal('acquired');
    expect(pair()).to.include({ session: B, lockIndex: 2 });
  });

  it('let the holder write again under the same lock index, and move nothing where nothing differs', () => {
    acquire(A);
    const fence = catalog.state.revision;
    expect(isEmpty(decideAcquire(catalog.state, put(A)).draft)).to.equal(true);
    acquire(A, '2');
    expect(pair()).to.include({ lockIndex: 1, modifyRevision: fence + 1, fence });
    expect(isEmpty(decideAcquire(catalog.state, put(A, '2')).draft)).to.equal(true);
  });

  it('refuse a session that does not exist', () => {
    const unknown = 'cccccccc-1111-4111-8111-111111111111';
    expect(() => acquire(unknown)).to.throw(RollcallError, `invalid session "${unknown}"`);
  });

  it('rely on the session and on there being no delay, so that the end of the session conflicts', () => {
    const { compares } = decideAcquire(catalog.state, put(A)).draft;
    const { modifyRevision } = catalog.state.sessions.get(A) ?? {};
    expect(compares).to.deep.include({ kind: 'record', table: 'session', key: A, revision: modifyRevision });
    expect(compares).to.deep.include({ kind: 'record', table: 'lock-delay', key: 'lock', revision: 0 });
  });

  it('Compat(consul): a write without a session leaves a lock with its holder and sets its lock index to 0', () => {
    acquire(A);
    catalog.commit(decideKvPut(catalog.state, { key: 'lock', value: bytes('x'), flags: '0' }));
    expect(pair()).to.include({ session: A, lockIndex: 0 });
  });

  it('delay whoever wants a lock that was lost, for the time the session asked, even if the key is deleted', () => {
    acquire(A);
    destroy(A);
    expect(catalog.leases.get(DELAY)).to.equal(15_000);
    expect(acquire(B)).to.equal('delayed');
    catalog.commit(decideKvDelete(catalog.state, 'lock'));
    expect(acquire(B)).to.equal('delayed');
    expect(catalog.commit(decideExpiry(catalog.state, DELAY))).to.equal('unlocked');
    expect(acquire(B)).to.equal('acquired');
  });

  it('delay at most a minute, and nobody where the session wants none or released the lock itself', () => {
    create(A, { lockDelayMs: 90_000 });
    acquire(A);
    destroy(A);
    expect(catalog.leases.get(DELAY)).to.equal(60_000);
    catalog.commit(decideExpiry(catalog.state, DELAY));
    create(A, { lockDelayMs: 0 });
    acquire(A);
    destroy(A);
    expect(acquire(B)).to.equal('acquired');
    release(B);
    destroy(B);
    create(A);
    expect(acquire(A)).to.equal('acquired');
  });

  it('give every acquisition a larger fencing token, whatever happens to the key in between', () => {
    const fences: number[] = [];
    const note = () => {
      const held = pair();
      fences.push((held && fenceIndexOf(held)) ?? 0);
    };
    acquire(A);
    note();
    catalog.commit(decideKvPut(catalog.state, { key: 'lock', value: bytes('x'), flags: '0' }));
    note();
    release(A);
    note();
    acquire(B);
    note();
    catalog.commit(decideKvDelete(catalog.state, 'lock'));
    acquire(A);
    note();
    const [first = 0, written, released, second = 0, third = 0] = fences;
    expect([written, released]).to.deep.equal([first, 0]);
    expect(first > 0 && second > first && third > second, String(fences)).to.equal(true);
  });

  describe('after a change of epoch', () => {
    const HOLD = 'lock-hold';
    beforeEach(() => {
      acquire(A);
      catalog.state.revision = 3 * EPOCH_SPAN + 1;
      catalog.commit(decideLockHold(catalog.state));
    });

    it('hold back acquisitions until a lease of 15 s has run out', () => {
      expect(catalog.leases.get(HOLD)).to.equal(15_000);
      expect(acquire(B)).to.equal('delayed');
      expect(isEmpty(decideLockHold(catalog.state).draft)).to.equal(true);
      expect(catalog.commit(decideExpiry(catalog.state, HOLD))).to.equal('unlocked');
      expect(acquire(B)).to.equal('held');
      release(A);
      expect(acquire(B)).to.equal('acquired');
    });

    it('hold them back again in the epoch after that, and let a holder release meanwhile', () => {
      catalog.commit(decideExpiry(catalog.state, HOLD));
      catalog.state.revision = 4 * EPOCH_SPAN + 1;
      expect(release(A)).to.equal(true);
      expect(acquire(B)).to.equal('delayed');
    });

    it('begin lock indexes above all of the epochs before', () => {
      catalog.commit(decideExpiry(catalog.state, HOLD));
      release(A);
      acquire(B);
      expect(pair()?.lockIndex).to.equal(3 * 2 ** 20);
      release(B);
      acquire(A);
      expect(pair()?.lockIndex).to.equal(3 * 2 ** 20 + 1);
    });
  });
});
