import {
  checkKey,
  heartbeatTtlMs,
  instanceKey,
  RollcallError,
  type Check,
  type CheckStatus,
  type ErrorCode,
  type State,
  type Stored,
} from '../core/index.ts';
import type { View } from '../view/view.ts';
import type { Committer } from './committer.ts';
import type { Health } from './health.ts';

/** A sign of life of one check, or of every check with a lease that an instance has. */
export type Heartbeat =
  | {
      readonly node: string;
      readonly checkId: string;
      /** Of a TTL check; default `passing`. The check of an Eureka lease keeps its own. */
      readonly status?: CheckStatus;
      /** Default: the output it has, or none where the status is another one. */
      readonly output?: string;
    }
  | { readonly node: string; readonly instanceId: string };

/** What became of many heartbeats; those refused by their place in the list, and why. */
export interface HeartbeatTally {
  readonly renewed: number;
  readonly refused: readonly { readonly index: number; readonly code: ErrorCode }[];
}

interface Pending {
  readonly index: number;
  readonly beat: Heartbeat;
}

/** Heartbeats of one call that are committed at the same time. */
const AT_ONCE = 100;

interface Deps {
  readonly health: Health;
  readonly view: View;
  readonly committer: Committer;
}

/** Takes many heartbeats in one call, as an agent of many instances sends them. */
export class Heartbeats {
  readonly #deps: Deps;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /**
   * Renews leases, each as `Health.heartbeat` does, and tells which could not be; the others count all the same.
   *
   * Throws `not_ready`.
   */
  async renew(beats: readonly Heartbeat[]): Promise<HeartbeatTally> {
    const { view } = this.#deps;
    if (!view.ready) throw new RollcallError('not_ready');
    const pending: Pending[] = [];
    beats.forEach((beat, index) => {
      if (!this.#isTaken(view.state, beat)) pending.push({ index, beat });
    });
    const refused = pending.length === 0 ? [] : await this.#renewSlowly(pending);
    return { renewed: beats.length - refused.length, refused };
  }

  /** Whether nothing is left to do or to wait for. */
  #isTaken(state: State, beat: Heartbeat): boolean {
    if ('checkId' in beat) {
      const check = state.checks.get(checkKey(beat.node, beat.checkId));
      return check !== undefined && this.#take(check, beat);
    }
    const checks = checksOf(state, beat);
    return checks.length > 0 && checks.every((check) => this.#take(check, beat));
  }

  #take(check: Stored<Check>, beat: Heartbeat): boolean {
    const status = statusOf(check, beat);
    return this.#deps.health.take(check, status, outputOf(check, beat, status));
  }

  /** What changes a status, is not known here yet, or finds the store silent; the store is asked once for all. */
  async #renewSlowly(pending: readonly Pending[]): Promise<HeartbeatTally['refused']> {
    const refused: { index: number; code: ErrorCode }[] = [];
    const { view, committer } = this.#deps;
    let down: ErrorCode | undefined;
    if (pending.some(({ beat }) => checksOf(view.state, beat).length === 0))
      down = await committer.catchUp().then(() => undefined, codeOf);
    for (let from = 0; from < pending.length; from += AT_ONCE) {
      const some = pending.slice(from, from + AT_ONCE);
      const codes = await Promise.all(some.map(async ({ beat }) => down ?? (await this.#renewOne(beat))));
      codes.forEach((code, i) => {
        if (code !== undefined) refused.push({ index: some[i]?.index ?? 0, code });
      });
      if (codes.includes('store_unavailable')) down = 'store_unavailable';
    }
    return refused;
  }

  async #renewOne(beat: Heartbeat): Promise<ErrorCode | undefined> {
    const { state } = this.#deps.view;
    const checks = checksOf(state, beat);
    if (checks.length === 0) return missing(state, beat);
    try {
      await Promise.all(
        checks.map(async (check) => {
          const status = statusOf(check, beat);
          const output = outputOf(check, beat, status);
          await this.#deps.health.heartbeat(check.node, check.id, status, output);
        }),
      );
      return undefined;
    } catch (error) {
      return codeOf(error);
    }
  }
}

function statusOf(check: Check, beat: Heartbeat): CheckStatus {
  if (check.source.kind === 'lease') return check.status;
  return ('checkId' in beat ? beat.status : undefined) ?? 'passing';
}

function outputOf(check: Check, beat: Heartbeat, status: CheckStatus): string {
  const told = 'checkId' in beat ? beat.output : undefined;
  return told ?? (status === check.status ? check.output : '');
}

function checksOf(state: State, beat: Heartbeat): readonly Stored<Check>[] {
  if ('checkId' in beat) {
    const check = state.checks.get(checkKey(beat.node, beat.checkId));
    return check === undefined ? [] : [check];
  }
  return [...state.checksOf(beat.node, beat.instanceId).values()].filter(
    (check) => beat.instanceId !== '' && heartbeatTtlMs(check) !== undefined,
  );
}

function missing(state: State, beat: Heartbeat): ErrorCode {
  if ('checkId' in beat) return 'check_not_found';
  const isKnown = state.instances.has(instanceKey(beat.node, beat.instanceId));
  return isKnown ? 'check_not_renewable' : 'instance_not_found';
}

/** Throws what no caller could do anything about. */
function codeOf(error: unknown): ErrorCode {
  if (error instanceof RollcallError) return error.code;
  throw error;
}
