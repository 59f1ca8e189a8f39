import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import fc from 'fast-check';
import { LeaseClock } from '../../src/store/embedded/lease-clock.ts';
import { LeaseTable } from '../../src/core/index.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function heapBytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

const name = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
const step = fc.oneof(
  fc.record({ kind: fc.constant('grant' as const), name, ms: fc.nat(100) }),
  fc.record({ kind: fc.constant('renew' as const), name, ms: fc.nat(100) }),
  fc.record({ kind: fc.constant('revoke' as const), name, ms: fc.constant(0) }),
  fc.record({ kind: fc.constant('pass' as const), name, ms: fc.nat(40) }),
  fc.record({ kind: fc.constant('due' as const), name, ms: fc.integer({ min: 1, max: 6 }) }),
);

describe('embedded leases', () => {
  it('list as due what a plain table of deadlines lists', () => {
    const property = fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const table = new LeaseTable();
      const plain = new Map<string, number>();
      let nowMs = 0;
      for (const { kind, name: lease, ms } of steps) {
        const held = plain.get(lease);
        if (kind === 'pass') nowMs += ms;
        else if (kind === 'grant') {
          table.grant(lease, nowMs + ms);
          plain.set(lease, nowMs + ms);
        } else if (kind === 'renew') {
          expect(table.renew(lease, nowMs + ms)).to.equal(held !== undefined);
          if (held !== undefined) plain.set(lease, Math.max(held, nowMs + ms));
        } else if (kind === 'revoke') {
          table.revoke(lease);
          plain.delete(lease);
        } else {
          const deadlines = [...plain].filter(([, deadlineMs]) => deadlineMs <= nowMs);
          const oldest = deadlines.map(([, deadlineMs]) => deadlineMs).sort((a, b) => a - b);
          const due = table.due(nowMs, ms);
          expect(new Set(due).size).to.equal(due.length);
          expect(due.map((one) => plain.get(one))).to.deep.equal(oldest.slice(0, ms));
          for (const one of plain.keys()) {
            expect(table.isDue(one, nowMs)).to.equal(deadlines.some(([other]) => other === one));
          }
        }
        expect(table.size).to.equal(plain.size);
      }
    });
    fc.assert(property, { numRuns: 500 });
  });

  it('are cheap to sweep, a million of them', () => {
    const table = new LeaseTable();
    const names = Array.from({ length: 1_000_000 }, (_, index) => `lease-${index}`);
    names.forEach((lease, index) => {
      table.grant(lease, 10_000 + (index % 10_000));
    });
    const begin = performance.now();
    for (let nowMs = 0; nowMs < 10_000; nowMs += 10) expect(table.due(nowMs, 500)).to.have.length(0);
    // A scan of all leases in each of these thousand sweeps takes ten times as long.
    expect(performance.now() - begin).to.be.below(2000);
    for (const lease of names) table.renew(lease, 60_000);
    expect(table.due(59_999, 500)).to.have.length(0);
    expect(table.due(60_000, 500)).to.have.length(500);
  }).timeout(60_000);

  it('leave nothing behind when they are granted and revoked for ever', () => {
    const table = new LeaseTable();
    const before = heapBytes();
    for (let index = 0; index < 1_000_000; index += 1) {
      table.grant(`lease-${index}`, 3_600_000);
      table.revoke(`lease-${index}`);
    }
    expect(table.size).to.equal(0);
    // A million of them take over 100 MB.
    expect(heapBytes() - before).to.be.below(20 << 20);
    table.grant('live', 1);
    expect(table.due(1, 10)).to.deep.equal(['live']);
  }).timeout(60_000);

  it('keep a clock that leaps by no more than the clamp and never goes back', () => {
    let atMs = 5000.7;
    const clock = new LeaseClock({ now: () => 0, monotonic: () => atMs });
    clock.start(700);
    const seen = [0, 0.5, 0.5, 400, 1000, 1001, 90_000, 10].map((passedMs) => {
      atMs += passedMs;
      clock.sweep('a');
      return [clock.nowMs, clock.resumedAtMs];
    });
    expect(seen).to.deep.equal([
      [700, 700],
      [701, 700],
      [701, 700],
      [1101, 700],
      [2101, 700],
      [3101, 3101],
      [4101, 4101],
      [4111, 4101],
    ]);
  });
});
