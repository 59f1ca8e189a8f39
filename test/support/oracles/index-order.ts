import { groupBy } from './group-by.ts';
import type { Operation } from './operation.ts';

interface Indexed extends Operation {
  readonly revision: number;
}

/**
 * Finds what no linearizable registry can show, by revisions alone, in O(n log n); empty when all is well.
 *
 * On each key, an operation that began after another had ended must not have a lower revision, and a write must
 * have a higher one. Writes of all keys are held to the same, since revisions are one line. A read shows a value
 * that somebody wrote, with the revision its writer was told, and never one that was refused. Values must be unique.
 */
export function checkIndexOrder(operations: readonly Operation[]): string[] {
  const violations = [...checkValues(operations)];
  const indexed = operations.filter(isIndexed);
  for (const [key, ofKey] of groupBy(indexed, ({ key }) => key))
    violations.push(...checkOrder(`key ${key}`, ofKey));
  violations.push(
    ...checkOrder(
      'all writes',
      indexed.filter(({ kind }) => kind !== 'read'),
    ),
  );
  return violations;
}

function isIndexed(operation: Operation): operation is Indexed {
  return operation.outcome === 'ok' && operation.revision !== undefined;
}

function checkOrder(what: string, operations: readonly Indexed[]): string[] {
  const violations: string[] = [];
  const byEnd = operations.toSorted((a, b) => a.endMs - b.endMs);
  let ended = 0;
  let newest: Indexed | undefined;
  for (const operation of operations.toSorted((a, b) => a.startMs - b.startMs)) {
    for (let next = byEnd[ended]; next && next.endMs < operation.startMs; next = byEnd[++ended])
      if (newest === undefined || next.revision > newest.revision) newest = next;
    if (newest === undefined) continue;
    const isBehind =
      operation.kind === 'read'
        ? operation.revision < newest.revision
        : operation.revision <= newest.revision;
    if (isBehind) violations.push(`${what}: ${shown(operation)} began after ${shown(newest)} had ended`);
  }
  return violations;
}

function* checkValues(operations: readonly Operation[]): Generator<string> {
  const written = new Map<string, Operation>();
  for (const operation of operations) {
    if (operation.kind === 'read' || operation.value === undefined) continue;
    const name = `${operation.key} ${operation.value}`;
    if (written.has(name)) yield `${shown(operation)} has a value that was written before`;
    written.set(name, operation);
  }
  const revisions = new Map<number, Operation>();
  for (const operation of operations.filter(isIndexed)) {
    if (operation.kind === 'read') {
      if (operation.value === undefined) continue;
      const source = written.get(`${operation.key} ${operation.value}`);
      if (source === undefined) yield `${shown(operation)} shows what nobody wrote`;
      else if (source.outcome === 'refused') yield `${shown(operation)} shows what was refused`;
      else if (isIndexed(source) && source.revision !== operation.revision)
        yield `${shown(operation)} and ${shown(source)} name different revisions`;
      else if (operation.endMs < source.startMs) yield `${shown(operation)} shows what was written later`;
      continue;
    }
    const other = revisions.get(operation.revision);
    if (other !== undefined) yield `${shown(operation)} and ${shown(other)} have one revision`;
    revisions.set(operation.revision, operation);
  }
}

function shown({ client, kind, key, value, revision }: Operation): string {
  return `${client}'s ${kind} of ${key} = ${value ?? 'nothing'} at ${String(revision)}`;
}
