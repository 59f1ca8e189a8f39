import { expect } from 'chai';
import type { RingMember } from '../../src/core/index.ts';
import { RingHistory, type RingStep } from '../../src/registry/ring-history.ts';

function member(id: string, weight = 1): RingMember {
  return { id, hashKey: id, weight, zone: '', address: '10.0.0.1', port: 1 };
}

/** A step to a revision in which a member comes. */
function coming(from: number, to: number, id: string, isGap = false): RingStep {
  const changes = [{ key: id, before: undefined, after: member(id) }];
  return { from, to, atMs: to, changes, policyBefore: undefined, isGap };
}

describe('registry ring history', () => {
  it('holds 4,096 changes of members, and knows how far back they go', () => {
    const history = new RingHistory(10);
    for (let at = 10; at < 10 + 4096; at++) history.add(coming(at, at + 1, `m${String(at)}`));
    expect(history.between(10, 5000)?.changes).to.have.length(4096);
    history.add(coming(4106, 4107, 'one more'));
    expect(history.between(10, 5000)).to.equal(undefined);
    expect(history.between(11, 5000)?.changes).to.have.length(4096);
    expect(history.between(4107, 5000)?.changes).to.deep.equal([]);
    expect(history.between(4100, 4102)?.changes.map(({ key }) => key)).to.deep.equal(['m4100', 'm4101']);
  });

  it('lets nobody ask about the middle of a time that nobody knows', () => {
    const history = new RingHistory(10);
    history.add(coming(10, 20, 'a'));
    history.add(coming(20, 30, 'b', true));
    history.add(coming(30, 40, 'c'));
    const keys = (from: number) => history.between(from, 100)?.changes.map(({ key }) => key);
    expect(keys(10)).to.deep.equal(['a', 'b', 'c']);
    expect(keys(20)).to.deep.equal(['b', 'c']);
    expect(keys(25)).to.equal(undefined);
    expect(keys(30)).to.deep.equal(['c']);
    expect(keys(35), 'between two changes the ring is as after the first').to.deep.equal(['c']);
  });

  it('folds what happens to one member, and forgets what came to nothing', () => {
    const history = new RingHistory(0);
    const [one, two] = [member('a'), member('a', 2)];
    const step = { policyBefore: undefined, isGap: false };
    history.add({ ...step, from: 0, to: 1, atMs: 1, changes: [{ key: 'a', before: one, after: two }] });
    history.add({ ...step, from: 1, to: 2, atMs: 2, changes: [{ key: 'a', before: two, after: undefined }] });
    expect(history.between(0, 2)?.changes).to.deep.equal([{ key: 'a', before: one, after: undefined }]);
    history.add({ ...step, from: 2, to: 3, atMs: 3, changes: [{ key: 'a', before: undefined, after: one }] });
    expect(history.between(0, 3)?.changes).to.deep.equal([]);
    expect(history.between(1, 3)?.changes).to.deep.equal([{ key: 'a', before: two, after: one }]);
  });

  it('knows which ring was in force when', () => {
    const history = new RingHistory(5);
    expect([history.lastAtMs, history.revisionAt(0)]).to.deep.equal([undefined, 5]);
    history.add(coming(5, 20, 'a'));
    history.add(coming(20, 30, 'b'));
    expect([19, 20, 29, 30].map((ms) => history.revisionAt(ms))).to.deep.equal([5, 20, 20, 30]);
    expect(history.lastAtMs).to.equal(30);
  });
});
