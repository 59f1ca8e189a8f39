import type {
  BatchRecord,
  CatalogOperation,
  CheckOperation,
  InstanceOperation,
  NodeOperation,
} from './batch-types.ts';
import {
  draftCheck,
  draftDeregisterCheck,
  draftDeregisterInstance,
  draftDeregisterNode,
  draftInstance,
  draftNode,
} from './catalog-rules.ts';
import type { Drafting } from './draft.ts';
import { RollcallError } from './errors.ts';
import { checkKey, instanceKey, nodeKey } from './ids.ts';
import { requireName } from './names.ts';
import type { State } from './state.ts';

/** Refuses an operation that is wrong in itself. Throws its refusal. */
export function precheckCatalogOperation(operation: CatalogOperation): void {
  if (operation.verb === 'get') return;
  if (operation.kind === 'node') {
    if (operation.node.name === '') throw new RollcallError('invalid_request', 'Must provide node');
    requireName('The node name', operation.node.name);
  } else if (operation.kind === 'instance') {
    const { id, service } = operation.instance;
    if (service === '' && id !== '')
      throw new RollcallError(
        'invalid_request',
        'Must provide service name (Service.Service) when service ID is provided',
      );
    requireName('The service id', id);
    requireName('The service name', service);
  } else {
    requireName('The check id', operation.check.id);
  }
}

/** What the three kinds of record have in common: how they are found, written and removed. */
interface Subject {
  readonly table: 'node' | 'instance' | 'check';
  readonly key: string;
  /** How messages name it. */
  readonly title: string;
  readonly set: () => void;
  readonly remove: () => void;
  readonly record: () => BatchRecord | undefined;
}

/** Drafts an operation and answers what it shows. Throws its refusal. */
export function applyCatalogOperation(
  draft: Drafting,
  state: State,
  operation: CatalogOperation,
): BatchRecord[] {
  const { kind, verb, revision } = operation;
  const subject = subjectOf(draft, state, operation);
  const { table, key, title } = subject;
  draft.requireRecord(table, key);
  switch (verb) {
    case 'get':
      return shown(subject);
    case 'set':
      subject.set();
      return shown(subject);
    case 'cas':
      if (!draft.isAt(table, key, revision)) throw failed(`failed to set ${title}, index is stale`);
      subject.set();
      return shown(subject);
    case 'delete':
      if (draft.get(table, key) !== undefined) subject.remove();
      return [];
    case 'delete-cas':
      // Compat(consul): an absent record cannot be deleted under a condition, unlike an absent key.
      if (revision === 0 || !draft.isAt(table, key, revision))
        throw failed(`failed to delete ${title}, index is stale`);
      subject.remove();
      return [];
    default:
      throw new RollcallError('invalid_request', `unknown ${WORDS[kind]} operation: ${verb}`);
  }
}

const WORDS = { node: 'node', instance: 'service', check: 'check' } as const;

function shown({ record, title }: Subject): BatchRecord[] {
  const found = record();
  if (found === undefined) throw failed(`${title} doesn't exist`);
  return [found];
}

function subjectOf(draft: Drafting, state: State, operation: CatalogOperation): Subject {
  switch (operation.kind) {
    case 'node':
      return nodeSubject(draft, state, operation);
    case 'instance':
      return instanceSubject(draft, state, operation);
    case 'check':
      return checkSubject(draft, state, operation);
  }
}

/** A node is looked up by its id where it has one, and by its name otherwise. */
function nodeSubject(draft: Drafting, state: State, { verb, node }: NodeOperation): Subject {
  const byId = verb === 'get' && node.id !== '' ? state.nodeById(node.id)?.name : undefined;
  const key = nodeKey(byId ?? node.name);
  return {
    table: 'node',
    key,
    title: `node ${quoted(node.name)}`,
    set: () => {
      draftNode(draft, state, node, false);
    },
    remove: () => {
      draftDeregisterNode(draft, state, node.name);
    },
    record: () => {
      const held = draft.get('node', key);
      return held && { kind: 'node', node: held, ...revisions(draft, 'node', key) };
    },
  };
}

function instanceSubject(draft: Drafting, state: State, { instance }: InstanceOperation): Subject {
  const key = instanceKey(instance.node, instance.id);
  return {
    table: 'instance',
    key,
    title: `service ${quoted(instance.id)} on node ${quoted(instance.node)}`,
    set: () => {
      draftInstance(draft, instance);
      requireKey('service', instance.id);
    },
    remove: () => {
      draftDeregisterInstance(draft, state, instance.node, instance.id);
    },
    record: () => {
      const held = draft.get('instance', key);
      return held && { kind: 'instance', instance: held, ...revisions(draft, 'instance', key) };
    },
  };
}

function checkSubject(draft: Drafting, state: State, { check }: CheckOperation): Subject {
  const key = checkKey(check.node, check.id);
  return {
    table: 'check',
    key,
    title: `check ${quoted(check.id)} on node ${quoted(check.node)}`,
    set: () => {
      draftCheck(draft, state, check);
      requireKey('check', check.id);
    },
    remove: () => {
      draftDeregisterCheck(draft, state, check.node, check.id);
    },
    record: () => {
      const held = draft.get('check', key);
      if (held === undefined) return undefined;
      const instance = draft.get('instance', instanceKey(held.node, held.instanceId));
      return { kind: 'check', check: held, instance, ...revisions(draft, 'check', key) };
    },
  };
}

function requireKey(what: string, id: string): void {
  if (id === '')
    throw new RollcallError('invalid_request', `failed inserting ${what}: object missing primary index`);
}

function revisions(draft: Drafting, table: Subject['table'], key: string) {
  const { createRevision = 0, modifyRevision = 0 } = draft.revisionsOf(table, key) ?? {};
  return { createRevision, modifyRevision };
}

function failed(message: string): RollcallError {
  return new RollcallError('condition_failed', message);
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
