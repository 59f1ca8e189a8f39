import {
  populationOf,
  PROTECTION_SETTING,
  protectionOf,
  type Loss,
  type Protection as Episode,
  type ProtectionPolicy,
  type Revision,
  type State,
} from '../core/index.ts';
import type { Clock } from '../platform/clock.ts';
import type { Settings } from './settings.ts';

/** Self-preservation as every node of the registry shows it. */
export interface ProtectionStatus {
  /** Whether it could begin. */
  readonly enabled: boolean;
  /** Whether leases are spared at the moment although they have run out. */
  readonly active: boolean;
  /** Why; '' while it is not active. */
  readonly reason: string;
  /** Ms since 1970; undefined while it is not active. */
  readonly startedAt: number | undefined;
  /** When it ends at the latest, ms since 1970; undefined while it is not active. */
  readonly endsAt: number | undefined;
  /** Leases that are spared; a few seconds old. */
  readonly held: number;
  /** Leases that ended since it began; a few seconds old. */
  readonly ended: number;
  /** Checks that live by heartbeats now; those of registry nodes do not count. */
  readonly leases: number;
  /** How many of them may run out in a window before it begins. */
  readonly budget: number;
  readonly windowMs: number;
}

interface Deps {
  readonly source: { readonly state: State };
  readonly settings: Settings;
  readonly clock: Clock;
  readonly policy: ProtectionPolicy;
}

/** What the registry's nodes know together about self-preservation; the node that ends leases decides it. */
export class Protection {
  readonly policy: ProtectionPolicy;
  readonly #deps: Deps;
  #counted: { readonly revision: Revision; readonly population: Readonly<Record<Loss, number>> } | undefined;

  constructor(deps: Deps) {
    this.#deps = deps;
    this.policy = deps.policy;
  }

  /** Undefined while there is none. */
  get current(): Episode | undefined {
    return protectionOf(this.#deps.source.state);
  }

  status(): ProtectionStatus {
    const { enabled, windowMs, maxMs, budgetPercent, budgetMin } = this.policy;
    const { current } = this;
    const active = current?.phase === 'on';
    const leases = this.population().health;
    return {
      enabled,
      active,
      reason: active ? current.reason : '',
      startedAt: active ? current.startedAt : undefined,
      endsAt: active ? current.startedAt + maxMs : undefined,
      held: active ? current.held : 0,
      ended: active ? current.ended : 0,
      leases,
      budget: Math.max(budgetMin, Math.floor((leases * budgetPercent) / 100)),
      windowMs,
    };
  }

  /** What there is to lose now. */
  population(): Readonly<Record<Loss, number>> {
    const { state } = this.#deps.source;
    if (this.#counted?.revision !== state.revision)
      this.#counted = { revision: state.revision, population: populationOf(state) };
    return this.#counted.population;
  }

  /** Begins it, at `nowMs` on the lease clock. Throws what a commit throws. */
  async begin(reason: string, nowMs: number): Promise<void> {
    const startedAt = this.#deps.clock.now();
    await this.#put({ phase: 'on', reason, sinceMs: nowMs, startedAt, held: 0, ended: 0 });
  }

  /** Changes what is known about the one under way. Throws what a commit throws. */
  async note(changes: Partial<Episode>): Promise<void> {
    const { current } = this;
    if (current !== undefined) await this.#put({ ...current, ...changes });
  }

  /** Throws what a commit throws. */
  async end(): Promise<void> {
    await this.#deps.settings.delete(PROTECTION_SETTING);
  }

  /** A node that no longer ends leases may not know it yet: what another has written or ended since, stays as it is. */
  async #put(value: Episode): Promise<void> {
    const { settings, source } = this.#deps;
    const held = source.state.settings.get(PROTECTION_SETTING)?.modifyRevision ?? 0;
    await settings.put(PROTECTION_SETTING, value, held);
  }
}
