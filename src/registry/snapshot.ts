import {
  decideRestore,
  instanceKey,
  keyOf,
  nodeKey,
  RollcallError,
  TABLES,
  type ArchivedRecord,
  type RecordRef,
  type RecordValues,
  type RestorePromise,
  type State,
  type Table,
} from '../core/index.ts';
import type { Clock } from '../platform/clock.ts';
import type { Random } from '../platform/random.ts';
import type { View } from '../view/view.ts';
import type { Committer } from './committer.ts';
import { ArchiveError, decodeArchive, encodeArchive } from './snapshot-archive.ts';
import { StagedArchive } from './staged-archive.ts';

/** What of a registry node matters here. */
interface Owner {
  readonly datacenter: string;
  readonly nodeId: string;
  readonly agentName: string;
}

interface Deps {
  readonly identity: Owner;
  readonly view: View;
  readonly committer: Committer;
  readonly random: Random;
  readonly clock: Clock;
}

/** Tables whose records an archive holds; marks of deletions and running delays mean nothing elsewhere. */
const ARCHIVED = TABLES.filter((table) => table !== 'tombstone' && table !== 'lock-delay');
/** Settings of this installation rather than of the catalog. */
const LOCAL_SETTING = /^(refill$|lock-hold$|protection$|restore(:|$)|definitions:|registry-node:|job:)/;
const REGISTRY_SERVICE = 'consul';
const MEMBERSHIP_CHECK = 'serfHealth';
const BATCH = { records: 200, bytes: 512 * 1024 };
/** Roughly what a record weighs beside the bytes of a key's value. */
const RECORD_BYTES = 500;
const CONCURRENCY = 4;

/**
 * Saves the catalog to an archive, and makes it what an archive says.
 *
 * A restore first stages the archive in the store and then, by one commit, promises to carry it out: a crash before
 * leaves the catalog as it was, and after it any registry node finishes the work.
 */
export class Snapshots {
  readonly #deps: Deps;
  readonly #staged: StagedArchive;
  #restoring: Promise<boolean> | undefined;

  constructor(deps: Deps) {
    this.#deps = deps;
    this.#staged = new StagedArchive(deps);
  }

  /** Whether a restore has been promised and not been carried out, by whichever node. */
  get isRestoring(): boolean {
    return this.#staged.isPromised;
  }

  /** The catalog as an archive, at one revision; `createdAt` is an ISO 8601 time. */
  save(createdAt: string): Promise<Uint8Array> {
    const { view, identity } = this.#deps;
    const { state } = view;
    const records: ArchivedRecord[] = [];
    for (const table of ARCHIVED)
      for (const record of state.values(table)) {
        if (isOwn(state, table, record)) continue;
        const { createRevision: _create, modifyRevision: _modify, ...value } = record;
        records.push({ table, value } as ArchivedRecord);
      }
    const header = { datacenter: identity.datacenter, revision: state.revision, createdAt };
    return encodeArchive({ header, records });
  }

  /**
   * Makes the catalog what the archive says; indexes go on from where they are.
   *
   * Throws `ArchiveError`, which changes nothing, `aborted` while another restore is under way, `outcome_unknown` where
   * another node took this one over, and what a commit throws: after that the restore goes on by itself as soon as the
   * store lets it.
   */
  async restore(archive: Uint8Array): Promise<void> {
    const { records } = await decodeArchive(archive);
    await this.#deps.committer.catchUp();
    const promise = await this.#staged.put(archive);
    if (!(await this.#run(records, promise)))
      throw new RollcallError('outcome_unknown', 'Another node of the registry has ended the restore');
  }

  /**
   * Carries on with a restore that was promised and left undone; answers whether this node ended one.
   *
   * One promised by another node is left to it for `patienceMs`.
   */
  async resume(patienceMs: number): Promise<boolean> {
    if (this.#restoring !== undefined || !this.#deps.view.ready) return false;
    const abandoned = this.#staged.abandoned(patienceMs);
    if (abandoned === undefined) return false;
    const { archive, promise } = abandoned;
    try {
      return await this.#run((await decodeArchive(archive)).records, promise);
    } catch (error) {
      // A failover of the store has lost a part of it: there is nothing left to carry out.
      if (error instanceof ArchiveError) await this.#staged.clear(promise);
      throw error;
    }
  }

  /** Answers whether the promise stood until the end. */
  async #run(records: readonly ArchivedRecord[], promise: RestorePromise): Promise<boolean> {
    this.#restoring ??= this.#apply(records, promise).finally(() => {
      this.#restoring = undefined;
    });
    return this.#restoring;
  }

  /** New records first, so that what is in both is found all the time. */
  async #apply(records: readonly ArchivedRecord[], promise: RestorePromise): Promise<boolean> {
    const { view, identity, committer } = this.#deps;
    const write = async (batch: readonly ArchivedRecord[], drop: readonly RecordRef[]) =>
      (await committer.commit((state) => decideRestore(state, promise, batch, drop))).result;
    const kept = new Set<string>();
    for (const { table, value } of records) kept.add(`${table}/${keyOf(table, value as never)}`);
    if (!(await inBatches(records, weightOf, (batch) => write(batch, [])))) return false;
    const dropped: RecordRef[] = [];
    for (const table of ARCHIVED)
      for (const record of view.state.values(table)) {
        const key = keyOf(table, record as never);
        const stays = isOwn(view.state, table, record) || isOfAgent(identity, table, record);
        if (!stays && !kept.has(`${table}/${key}`)) dropped.push({ table, key });
      }
    const isDone = await inBatches(
      dropped,
      () => RECORD_BYTES,
      (batch) => write([], batch),
    );
    if (isDone) await this.#staged.clear(promise);
    return isDone;
  }
}

/** What belongs to the running registry and not to the catalog it keeps. */
function isOwn(state: State, table: Table, record: object): boolean {
  switch (table) {
    case 'setting':
      return LOCAL_SETTING.test((record as RecordValues['setting']).name);
    case 'node':
      return isRegistryNode(state, (record as RecordValues['node']).name);
    case 'instance': {
      const { id, service } = record as RecordValues['instance'];
      return id === REGISTRY_SERVICE && service === REGISTRY_SERVICE;
    }
    case 'check': {
      const { node, id, instanceId } = record as RecordValues['check'];
      return instanceId === REGISTRY_SERVICE || (id === MEMBERSHIP_CHECK && isRegistryNode(state, node));
    }
    default:
      return false;
  }
}

/** A node that is there for nothing but the registry's own service. */
function isRegistryNode(state: State, name: string): boolean {
  return state.node(name)?.transient === true && state.instances.has(instanceKey(name, REGISTRY_SERVICE));
}

/** The agent's node stays, for the registry would put it back at once. */
function isOfAgent({ agentName }: Owner, table: Table, record: object): boolean {
  if (table === 'node') return nodeKey((record as RecordValues['node']).name) === nodeKey(agentName);
  if (table !== 'check') return false;
  const { node, id } = record as RecordValues['check'];
  return id === MEMBERSHIP_CHECK && nodeKey(node) === nodeKey(agentName);
}

function weightOf({ table, value }: ArchivedRecord): number {
  return RECORD_BYTES + (table === 'kv' ? value.value.length : 0);
}

/** Commits items in groups that a store takes in one go, a few at a time, until one is refused; whether none was. */
async function inBatches<T>(
  items: readonly T[],
  weigh: (item: T) => number,
  commit: (batch: readonly T[]) => Promise<boolean>,
): Promise<boolean> {
  let next = 0;
  let isRefused = false;
  const take = () => {
    const batch: T[] = [];
    for (let bytes = 0; next < items.length && batch.length < BATCH.records; next++) {
      const item = items[next] as T;
      bytes += weigh(item);
      if (batch.length > 0 && bytes > BATCH.bytes) break;
      batch.push(item);
    }
    return batch;
  };
  const worker = async () => {
    for (let batch = take(); batch.length > 0 && !isRefused; batch = take())
      if (!(await commit(batch))) isRefused = true;
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  return !isRefused;
}
