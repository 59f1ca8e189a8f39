import { groupBy } from './group-by.ts';
import type { Operation } from './operation.ts';

/** More than this per key, with unknown outcomes among them, may take for ever. */
const MAX_OPERATIONS = 300;
const MAX_STEPS = 2_000_000;

type State = string | undefined;

/** One end of an operation in the order of time; the ends form a list that operations are lifted out of. */
interface End {
  readonly operation: number;
  readonly isCall: boolean;
  previous: End | undefined;
  next: End | undefined;
}

/**
 * Whether each key behaved as one register with reads, writes and compare-and-set; empty when all did.
 *
 * The search of Wing and Gong (1993) with Lowe's memo (2017): some order that agrees with real time must explain
 * every answer. An operation of unknown outcome may take effect at any moment after it began, or never. Throws
 * where a key has too many operations to be decided.
 */
export function checkRegisters(operations: readonly Operation[]): string[] {
  const byKey = groupBy(operations, ({ key }) => key);
  return [...byKey].flatMap(([key, ofKey]) =>
    isLinearizable(key, ofKey.filter(matters)) ? [] : [`key ${key} is no register`],
  );
}

/** A refused write changed nothing and says nothing; a refused compare-and-set says what the key did not hold. */
function matters({ kind, outcome }: Operation): boolean {
  return outcome === 'ok' || (outcome === 'unknown' && kind !== 'read') || kind === 'cas';
}

function isLinearizable(key: string, operations: readonly Operation[]): boolean {
  if (operations.length > MAX_OPERATIONS)
    throw new RangeError(`key ${key} has ${String(operations.length)} operations; give it fewer`);
  const head = linkEnds(operations);
  const seen = new Set<string>();
  const lifted: { readonly call: End; readonly before: State }[] = [];
  const answers = endsOf(head);
  let state: State;
  let done = 0n;
  let entry = head.next;
  for (let steps = 0; entry !== undefined; steps++) {
    if (steps > MAX_STEPS) throw new RangeError(`key ${key} cannot be decided`);
    const operation = operations[entry.operation];
    if (operation === undefined) throw new RangeError('an end without an operation');
    if (!entry.isCall) {
      // Only operations without an answer are left.
      if (operation.outcome === 'unknown') return true;
      const last = lifted.pop();
      if (last === undefined) return false;
      state = last.before;
      done &= ~(1n << BigInt(last.call.operation));
      insert(last.call, answers);
      entry = last.call.next;
      continue;
    }
    const after = step(operation, state);
    const memo = after && `${(done | (1n << BigInt(entry.operation))).toString(36)} ${JSON.stringify(after)}`;
    if (after === undefined || memo === undefined || seen.has(memo)) {
      entry = entry.next;
      continue;
    }
    seen.add(memo);
    lifted.push({ call: entry, before: state });
    done |= 1n << BigInt(entry.operation);
    state = after.state;
    lift(entry, answers);
    entry = head.next;
  }
  return true;
}

/** What the register holds after an operation, or undefined where it cannot have happened in that state. */
function step(operation: Operation, state: State): { readonly state: State } | undefined {
  const { kind, outcome, value, expected } = operation;
  if (kind === 'read') return state === value ? { state } : undefined;
  if (kind === 'write') return { state: value };
  if (outcome === 'unknown') return { state: state === expected ? value : state };
  return (state === expected) === (outcome === 'ok')
    ? { state: outcome === 'ok' ? value : state }
    : undefined;
}

function linkEnds(operations: readonly Operation[]): End {
  const ends = operations
    .flatMap(({ startMs, endMs, outcome }, operation) => [
      { operation, isCall: true, atMs: startMs },
      { operation, isCall: false, atMs: outcome === 'unknown' ? Infinity : endMs },
    ])
    .sort((a, b) => compareTimes(a.atMs, b.atMs) || Number(b.isCall) - Number(a.isCall));
  const head: End = { operation: -1, isCall: true, previous: undefined, next: undefined };
  let last = head;
  for (const { operation, isCall } of ends) {
    last.next = { operation, isCall, previous: last, next: undefined };
    last = last.next;
  }
  return head;
}

/** `a - b` is no number where both are infinite. */
function compareTimes(a: number, b: number): number {
  return a === b ? 0 : a - b;
}

function endsOf(head: End): ReadonlyMap<number, End> {
  const answers = new Map<number, End>();
  for (let end = head.next; end !== undefined; end = end.next)
    if (!end.isCall) answers.set(end.operation, end);
  return answers;
}

function lift(call: End, answers: ReadonlyMap<number, End>): void {
  for (const end of [call, answers.get(call.operation)]) {
    if (end?.previous) end.previous.next = end.next;
    if (end?.next) end.next.previous = end.previous;
  }
}

function insert(call: End, answers: ReadonlyMap<number, End>): void {
  for (const end of [answers.get(call.operation), call]) {
    if (end?.previous) end.previous.next = end;
    if (end?.next) end.next.previous = end;
  }
}
