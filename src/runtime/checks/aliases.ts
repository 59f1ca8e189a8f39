import { aliasedStatus, nodeKey, RollcallError, splitKey, type StateCommit } from '../../core/index.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import { SlicedWalk } from '../../platform/sliced-walk.ts';
import type { Registry } from '../../registry/index.ts';
import type { Assignment } from './assignment.ts';

const RETRY_MS = 1000;

interface Deps {
  readonly registry: Registry;
  /** Not shared with others: who refreshes it first learns of a change. */
  readonly assignment: Assignment;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Keeps alias checks equal to what they repeat, by following the catalog: nothing is polled.
 *
 * Each is written by the registry node that owns it on the ring.
 */
export class AliasFollower {
  readonly #deps: Deps;
  /** Keys of alias checks by the key of the node that their target is on. */
  readonly #byNode = new Map<string, Set<string>>();
  readonly #nodes = new Map<string, string>();
  /** To be looked at, in order. */
  readonly #pending = new Set<string>();
  /** Over all checks; there may be a million. */
  readonly #walk: SlicedWalk;
  #draining: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #unsubscribe: (() => void) | undefined;
  #failing = false;

  constructor(deps: Deps) {
    this.#deps = deps;
    this.#walk = new SlicedWalk(deps.clock);
  }

  start(): void {
    if (this.#unsubscribe !== undefined) return;
    this.#unsubscribe = this.#deps.registry.onChange((commits) => this.#follow(commits));
    this.#follow([]);
  }

  /** Resolves once nothing is being written. */
  async stop(): Promise<void> {
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    this.#walk.end();
    clearTimeout(this.#retry);
    this.#pending.clear();
    await this.#draining;
  }

  #follow(commits: readonly StateCommit[]): void {
    if (this.#deps.assignment.refresh()) for (const key of this.#nodes.keys()) this.#pending.add(key);
    for (const commit of commits) for (const change of commit.changes) this.#note(change.table, change.key);
    if (commits.length === 0) void this.#indexAll();
    this.#drain();
  }

  async #indexAll(): Promise<void> {
    for (const key of [...this.#nodes.keys()]) this.#index(key);
    await this.#walk.begin(this.#deps.registry.state.checks.keys(), (key) => this.#index(key));
    this.#drain();
  }

  #note(table: string, key: string): void {
    if (table === 'check') this.#index(key);
    if (table !== 'check' && table !== 'instance' && table !== 'node') return;
    const [node = ''] = splitKey(key);
    for (const alias of this.#byNode.get(node) ?? []) this.#pending.add(alias);
  }

  /** Files an alias check under its target's node, and has it looked at. */
  #index(key: string): void {
    const source = this.#deps.registry.state.checks.get(key)?.source;
    const node = source?.kind === 'alias' ? nodeKey(source.node) : undefined;
    const before = this.#nodes.get(key);
    if (before !== undefined && before !== node) {
      const held = this.#byNode.get(before);
      held?.delete(key);
      if (held?.size === 0) this.#byNode.delete(before);
      this.#nodes.delete(key);
    }
    if (node === undefined) return;
    this.#nodes.set(key, node);
    const held = this.#byNode.get(node);
    if (held === undefined) this.#byNode.set(node, new Set([key]));
    else held.add(key);
    this.#pending.add(key);
  }

  #drain(): void {
    if (this.#draining !== undefined || this.#pending.size === 0 || this.#unsubscribe === undefined) return;
    this.#draining = this.#settleAll().finally(() => {
      this.#draining = undefined;
      if (!this.#failing) this.#drain();
    });
  }

  async #settleAll(): Promise<void> {
    // What a write brings up is added while the loop runs, and looked at in the same run.
    for (const key of this.#pending) {
      this.#pending.delete(key);
      try {
        await this.#settle(key);
        if (this.#failing) this.#deps.logger.info({}, 'alias checks can be stored again');
        this.#failing = false;
      } catch (error) {
        if (error instanceof RollcallError && error.code === 'check_not_found') continue;
        if (!this.#failing)
          this.#deps.logger.warn({ err: error }, 'alias checks cannot be stored; trying again');
        this.#failing = true;
        this.#tryAgain(key);
        return;
      }
    }
  }

  #tryAgain(key: string): void {
    if (this.#unsubscribe === undefined) return;
    this.#pending.add(key);
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => {
      this.#drain();
    }, RETRY_MS);
  }

  async #settle(key: string): Promise<void> {
    const { registry, assignment } = this.#deps;
    const check = registry.state.checks.get(key);
    if (check?.source.kind !== 'alias' || !assignment.owns(key)) return;
    const { status, output } = aliasedStatus(registry.state, check, check.source);
    if (check.status === status && check.output === output) return;
    await registry.health.report(check.node, check.id, status, output, assignment.fence);
  }
}
