import { expect } from 'chai';
import { checkCounter, checkOperationIds } from './applied-once.ts';
import { checkBudgets } from './budget.ts';
import { checkIndexOrder } from './index-order.ts';
import { checkLeases, lateSpans } from './lease.ts';
import type { Operation } from './operation.ts';
import { checkProcessHealth, readProcessHealth } from './process-health.ts';
import { checkRegisters } from './register.ts';
import { checkWatches, type WatchAnswer } from './watch.ts';

type Short = Partial<Operation> & Pick<Operation, 'kind' | 'startMs' | 'endMs'>;

function operation(short: Short): Operation {
  return { client: 'c', key: 'k', value: undefined, outcome: 'ok', ...short };
}

const write = (value: string, startMs: number, endMs: number, revision?: number): Operation =>
  operation({ kind: 'write', value, startMs, endMs, revision });
const read = (value: string | undefined, startMs: number, endMs: number, revision?: number): Operation =>
  operation({ kind: 'read', value, startMs, endMs, revision });
const cas = (expected: string | undefined, value: string, startMs: number, endMs: number): Operation =>
  operation({ kind: 'cas', expected, value, startMs, endMs });

describe('oracle: order of indexes', () => {
  it('accepts overlapping operations in any order of their revisions', () => {
    const history = [write('a', 0, 10, 5), write('b', 2, 8, 4), read('b', 3, 9, 4), read('a', 11, 12, 5)];
    expect(checkIndexOrder(history)).to.deep.equal([]);
  });

  for (const [what, history] of Object.entries({
    'a stale read': [write('a', 0, 1, 1), write('b', 2, 3, 2), read('a', 4, 5, 1)],
    'a read that goes back': [
      write('a', 0, 9, 1),
      write('b', 0, 9, 2),
      read('b', 1, 2, 2),
      read('a', 3, 4, 1),
    ],
    'an absent key after its write': [write('a', 0, 1, 1), read(undefined, 2, 3, 0)],
    'a write below an earlier one': [write('a', 0, 1, 2), write('b', 2, 3, 1)],
    'writes of two keys in the wrong order': [
      write('a', 0, 1, 2),
      operation({ kind: 'write', key: 'other', value: 'b', startMs: 2, endMs: 3, revision: 1 }),
    ],
    'one revision given twice': [write('a', 0, 9, 1), write('b', 0, 9, 1)],
    'a value out of nowhere': [read('ghost', 0, 1, 1)],
    'a refused write that shows': [
      operation({ kind: 'write', value: 'a', startMs: 0, endMs: 1, outcome: 'refused' }),
      read('a', 2, 3, 1),
    ],
    'another revision than the writer was told': [write('a', 0, 1, 1), read('a', 2, 3, 7)],
    'a value from the future': [read('a', 0, 1, 1), write('a', 2, 3, 1)],
  }))
    it(`finds ${what}`, () => expect(checkIndexOrder(history)).not.to.deep.equal([]));

  it('lets a write of unknown outcome show, or not', () => {
    const lost = operation({ kind: 'write', value: 'a', startMs: 0, endMs: 1, outcome: 'unknown' });
    expect(checkIndexOrder([lost, read('a', 2, 3, 1)])).to.deep.equal([]);
    expect(checkIndexOrder([lost, read(undefined, 2, 3, 0)])).to.deep.equal([]);
  });
});

describe('oracle: registers', () => {
  it('accepts what some order explains', () => {
    expect(checkRegisters([write('a', 0, 10), read(undefined, 1, 2), read('a', 3, 4)])).to.deep.equal([]);
    expect(checkRegisters([cas(undefined, 'a', 0, 9), cas('a', 'b', 1, 8), read('b', 9, 10)])).to.deep.equal(
      [],
    );
  });

  it('finds a stale read, a lost write and a lock that two hold', () => {
    expect(checkRegisters([write('a', 0, 1), read(undefined, 2, 3)])).to.have.length(1);
    expect(checkRegisters([write('a', 0, 1), write('b', 2, 3), read('a', 4, 5)])).to.have.length(1);
    expect(checkRegisters([cas(undefined, 'a', 0, 5), cas(undefined, 'b', 1, 6)])).to.have.length(1);
  });

  it('finds a compare that was refused although it held', () => {
    const refused = { ...cas('a', 'b', 2, 3), outcome: 'refused' as const };
    expect(checkRegisters([write('a', 0, 1), refused])).to.have.length(1);
    expect(checkRegisters([write('x', 0, 1), refused])).to.deep.equal([]);
  });

  it('lets an unknown write take effect late, once, or never', () => {
    const lost = { ...write('a', 0, 1), outcome: 'unknown' as const };
    expect(checkRegisters([lost, read(undefined, 2, 3), read('a', 4, 5)])).to.deep.equal([]);
    expect(checkRegisters([lost, read(undefined, 2, 3)])).to.deep.equal([]);
    const undone = [lost, read('a', 2, 3), write('b', 4, 5), read('a', 6, 7)];
    expect(checkRegisters(undone)).to.have.length(1);
  });

  it('agrees with trying every order', () => {
    let random = 42;
    const next = (below: number): number => (random = (random * 1103515245 + 12345) % 2 ** 31) % below;
    let refusals = 0;
    for (let round = 0; round < 600; round++) {
      const history = Array.from({ length: 5 }, (_, i): Operation => {
        const startMs = next(8);
        const kind = (['write', 'read', 'cas'] as const)[next(3)] ?? 'read';
        const outcome = kind === 'read' ? 'ok' : ((['ok', 'unknown'] as const)[next(2)] ?? 'ok');
        const known = [undefined, 'v0', 'v1', 'v2', 'v3', 'v4'];
        const value = kind === 'read' ? known[next(6)] : `v${String(i)}`;
        return operation({
          kind,
          value,
          expected: known[next(3)],
          startMs,
          endMs: startMs + 1 + next(6),
          outcome,
        });
      });
      const verdict = checkRegisters(history).length === 0;
      expect(verdict, JSON.stringify(history)).to.equal(someOrderExplains(history, undefined));
      if (!verdict) refusals++;
    }
    expect(refusals).to.be.within(100, 500);
  });
});

/** By definition: pick any operation that nothing ended before, and try the rest. */
function someOrderExplains(history: readonly Operation[], state: string | undefined): boolean {
  if (history.every(({ outcome }) => outcome === 'unknown')) return true;
  return history.some((one) => {
    const rest = history.filter((other) => other !== one);
    if (rest.some(({ endMs, outcome }) => outcome === 'ok' && endMs < one.startMs)) return false;
    if (one.kind === 'read') return state === one.value && someOrderExplains(rest, state);
    if (one.kind === 'write') return someOrderExplains(rest, one.value);
    if (state === one.expected) return someOrderExplains(rest, one.value);
    return one.outcome === 'unknown' && someOrderExplains(rest, state);
  });
}

describe('oracle: watches', () => {
  const saw = (index: number, revision: number, value: string, watcher = 'w'): WatchAnswer => ({
    watcher,
    key: 'k',
    atMs: index,
    index,
    revision,
    value,
  });
  const writes = [
    { key: 'k', value: 'a', revision: 3 },
    { key: 'k', value: 'b', revision: 5 },
  ];

  it('accepts changes seen in order, also where some were skipped', () => {
    expect(checkWatches([saw(3, 3, 'a'), saw(5, 5, 'b'), saw(9, 5, 'b', 'late')], writes)).to.deep.equal([]);
  });

  for (const [what, answers] of Object.entries({
    'an index that goes back': [saw(5, 5, 'b'), saw(4, 5, 'b'), saw(5, 5, 'b')],
    'a value that goes back': [saw(5, 5, 'b'), saw(6, 3, 'a'), saw(7, 5, 'b')],
    'one revision with two values': [saw(5, 5, 'b'), saw(5, 5, 'x', 'other')],
    'a watcher that missed the end': [saw(3, 3, 'a')],
    'a value newer than its index': [saw(4, 5, 'b')],
    'an index of 0': [saw(0, 0, 'a'), saw(5, 5, 'b')],
  }))
    it(`finds ${what}`, () => expect(checkWatches(answers, writes)).to.have.length.above(0));
});

describe('oracle: leases', () => {
  const at = (endMs: number, ...ids: string[]) => ({
    node: 'n',
    startMs: endMs - 1,
    endMs,
    ids: new Set(ids),
  });

  it('finds who lived and was not listed', () => {
    const living = [{ id: 'a', sinceMs: 0 }];
    expect(checkLeases(living, [at(10)], 1000).wronglyExpired).to.deep.equal(['a at n']);
    expect(checkLeases(living, [at(10, 'a')], 1000).wronglyExpired).to.deep.equal([]);
    expect(checkLeases(living, [at(0)], 1000).wronglyExpired, 'not yet registered').to.deep.equal([]);
  });

  it('excuses who was late by its own fault, and nobody for an outage', () => {
    const beat = (at: number) => ({ startMs: at, endMs: at + 10 });
    const late = lateSpans([beat(0), beat(4000), beat(5000)], 3000, []);
    expect(late).to.deep.equal([{ fromMs: 2800, toMs: 5510 }]);
    const missing = (endMs: number) =>
      checkLeases([{ id: 'a', sinceMs: 0, late }], [at(endMs)], 1000).wronglyExpired;
    expect(missing(3500)).to.deep.equal([]);
    expect(missing(2000)).to.deep.equal(['a at n']);
    expect(missing(9000)).to.deep.equal(['a at n']);
    expect(lateSpans([beat(0), beat(4000)], 3000, [{ fromMs: 500, toMs: 3500 }])).to.deep.equal([]);
  });

  it('finds who was listed for too long after its last heartbeat, not counting outages', () => {
    const silent = [{ id: 'a', sinceMs: 0, silentSinceMs: 100 }];
    expect(checkLeases(silent, [at(1200, 'a')], 1000).overdue).to.deep.equal(['a at n']);
    expect(checkLeases(silent, [at(1200, 'a')], 1000, [{ fromMs: 0, toMs: 400 }]).overdue).to.deep.equal([]);
    expect(checkLeases(silent, [at(500)], 1000).wronglyExpired).to.deep.equal([]);
  });
});

describe('oracle: applied once', () => {
  it('finds additions that are missing, and such as were made twice', () => {
    expect(checkCounter({ acknowledged: 5, unknown: 2, total: 6 })).to.deep.equal([]);
    expect(checkCounter({ acknowledged: 5, unknown: 2, total: 4 })).to.have.length(1);
    expect(checkCounter({ acknowledged: 5, unknown: 2, total: 8 })).to.have.length(1);
  });

  it('finds an operation that stands in the history twice', () => {
    expect(checkOperationIds(['a', 'b', 'a'])).to.deep.equal(['operation a was applied twice']);
    expect(checkOperationIds(['a', 'b'])).to.deep.equal([]);
  });
});

describe('oracle: budgets and processes', () => {
  it('finds answers of the wrong status, late ones, and requests nobody gave a budget', () => {
    const budgets = { read: { statuses: [200], maxMs: 100 } };
    expect(checkBudgets([{ what: 'read', status: 200, ms: 99 }], budgets)).to.deep.equal([]);
    expect(checkBudgets([{ what: 'read', status: 500, ms: 1 }], budgets)).to.have.length(1);
    expect(checkBudgets([{ what: 'read', status: 200, ms: 101 }], budgets)).to.have.length(1);
    expect(checkBudgets([{ what: 'write', status: 200, ms: 1 }], budgets)).to.have.length(1);
  });

  it('finds a process that holds too much, and one that lost an error', () => {
    const health = readProcessHealth(process.pid, 'fine\n');
    const bounds = { maxResidentBytes: 8 * 2 ** 30, maxOpenFiles: 10_000 };
    expect(checkProcessHealth('p', health, bounds)).to.deep.equal([]);
    expect(checkProcessHealth('p', health, { maxResidentBytes: 1, maxOpenFiles: 1 })).to.have.length(2);
    const lost = readProcessHealth(process.pid, 'UnhandledPromiseRejection: x\n');
    expect(checkProcessHealth('p', lost, bounds)).to.have.length(1);
  });
});
