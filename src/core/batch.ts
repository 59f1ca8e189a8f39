import { applyCatalogOperation, precheckCatalogOperation } from './batch-catalog.ts';
import { applyKvOperation, precheckKvOperation } from './batch-kv.ts';
import type { BatchOperation, BatchOutcome, BatchRecord, BatchRefusal } from './batch-types.ts';
import { Drafting, type Decision } from './draft.ts';
import { RollcallError } from './errors.ts';
import type { State } from './state.ts';

const KV_WRITES = new Set(['set', 'delete', 'delete-cas', 'delete-tree', 'cas', 'lock', 'unlock']);

/** Whether no operation of a batch may change anything; an unknown one of a node, an instance or a check may. */
export function isReadOnlyBatch(operations: readonly Pick<BatchOperation, 'kind' | 'verb'>[]): boolean {
  return operations.every(({ kind, verb }) => (kind === 'kv' ? !KV_WRITES.has(verb) : verb === 'get'));
}

/**
 * Decides a batch of operations that apply together or not at all.
 *
 * Each sees what the ones before it did. Where some fail, the outcome names all that do, and nothing changes: first
 * those that are wrong in themselves, and only where there are none of them, those whose conditions do not hold.
 */
export function decideBatch(state: State, operations: readonly BatchOperation[]): Decision<BatchOutcome> {
  const draft = new Drafting(state);
  const wrong = collect(operations, (operation) => {
    precheck(draft, state, operation);
    return [];
  });
  if (wrong.refusals.length > 0) return rolledBack(state, wrong.refusals);
  const { records, refusals } = collect(operations, (operation) => apply(draft, state, operation));
  if (refusals.length > 0) return rolledBack(state, refusals);
  return { draft: draft.build(), result: { outcome: 'applied', records } };
}

function precheck(draft: Drafting, state: State, operation: BatchOperation): void {
  if (operation.kind === 'kv') precheckKvOperation(draft, state, operation);
  else precheckCatalogOperation(operation);
}

function apply(draft: Drafting, state: State, operation: BatchOperation): BatchRecord[] {
  return operation.kind === 'kv'
    ? applyKvOperation(draft, state, operation)
    : applyCatalogOperation(draft, state, operation);
}

function collect(
  operations: readonly BatchOperation[],
  take: (operation: BatchOperation) => BatchRecord[],
): { records: BatchRecord[]; refusals: BatchRefusal[] } {
  const records: BatchRecord[] = [];
  const refusals: BatchRefusal[] = [];
  operations.forEach((operation, index) => {
    try {
      records.push(...take(operation));
    } catch (error) {
      if (!(error instanceof RollcallError)) throw error;
      refusals.push({ index, code: error.code, message: error.message });
    }
  });
  return { records, refusals };
}

function rolledBack(state: State, refusals: readonly BatchRefusal[]): Decision<BatchOutcome> {
  return { draft: new Drafting(state).build(), result: { outcome: 'refused', refusals } };
}
