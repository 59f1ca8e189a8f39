import {
  checkKey,
  checkLease,
  decideRegrant,
  decideStatus,
  heartbeatTtlMs,
  parseLease,
  RollcallError,
  type Check,
  type CheckStatus,
  type Revision,
  type StatusReport,
  type Stored,
} from '../core/index.ts';
import type { Clock } from '../platform/clock.ts';
import type { View } from '../view/view.ts';
import type { Committer } from './committer.ts';
import type { Renewals } from './renewals.ts';

interface Deps {
  readonly committer: Committer;
  readonly renewals: Renewals;
  readonly view: View;
  readonly clock: Clock;
  /** How long a changed output of an unchanged status may wait before it is written. */
  readonly outputIntervalMs: number;
}

const REGRANTS_AT_ONCE = 100;

interface Output {
  readonly text: string;
  readonly writtenAt: number;
  /** The check's revision when this was heard; any later one has another output, or none. */
  readonly revision: Revision;
}

/** Takes in what checks report, by heartbeat or probe. */
export class Health {
  readonly #deps: Deps;
  readonly #outputs = new Map<string, Output>();

  constructor(deps: Deps) {
    this.#deps = deps;
    deps.view.onCommits(() => {
      this.#forget();
    });
  }

  /**
   * Renews a check's lease, and changes its status where that differs.
   *
   * A heartbeat that changes nothing reaches neither the catalog nor other nodes; while the store answers it is
   * taken at once, with no promise, and sent with others. Throws `check_not_found`, `check_not_renewable`, and
   * what a commit throws.
   */
  heartbeat(node: string, checkId: string, status: CheckStatus, output: string): Promise<void> | undefined {
    const { view } = this.#deps;
    const check = view.ready ? view.state.checks.get(checkKey(node, checkId)) : undefined;
    if (check !== undefined && this.take(check, status, output)) return undefined;
    return this.#heartbeat(node, checkId, status, output);
  }

  /** Takes a heartbeat of a check in the view that changes nothing, while the store answers; whether it did. */
  take(check: Stored<Check>, status: CheckStatus, output: string): boolean {
    const ttlMs = heartbeatTtlMs(check);
    const isTaken =
      ttlMs !== undefined &&
      check.status === status &&
      !this.#outputDue(check, output) &&
      this.#deps.renewals.note(checkLease(check.node, check.id), ttlMs);
    if (isTaken && this.#outputs.size > 0) this.#remember(check.node, check.id, output);
    return isTaken;
  }

  /** Grants leases anew that the store has lost, to checks that the catalog still has; never rejects. */
  async regrant(leases: readonly string[]): Promise<void> {
    for (let from = 0; from < leases.length; from += REGRANTS_AT_ONCE) {
      const some = leases.slice(from, from + REGRANTS_AT_ONCE);
      // Whoever is gone needs no lease, and for the others there is another heartbeat.
      await Promise.allSettled(some.map((lease) => this.#regrant(lease)));
    }
  }

  async #regrant(lease: string): Promise<void> {
    const ref = parseLease(lease);
    if (ref?.kind !== 'check') return;
    await this.#deps.committer.commit((state) => decideRegrant(state, ref.node, ref.checkId));
  }

  async #heartbeat(node: string, checkId: string, status: CheckStatus, output: string): Promise<void> {
    const check = await this.#find(node, checkId);
    const ttlMs = heartbeatTtlMs(check);
    if (ttlMs === undefined) {
      throw new RollcallError('check_not_renewable', `CheckID "${checkId}" does not have associated TTL`);
    }
    if (check.status !== status || this.#outputDue(check, output)) {
      await this.report(node, checkId, status, output);
      if (check.status !== status) return;
    }
    this.#remember(node, checkId, output);
    if (await this.#deps.renewals.renew(checkLease(node, checkId), ttlMs)) return;
    await this.#deps.committer.commit((state) => decideRegrant(state, node, checkId));
  }

  /**
   * Changes a check's status and output as reported, with a fence only where that holds.
   *
   * Throws `check_not_found`, and what a commit throws: `aborted` where the fence does not hold.
   */
  async report(
    node: string,
    checkId: string,
    status: CheckStatus,
    output: string,
    fence?: StatusReport['fence'],
  ): Promise<void> {
    const held = this.#deps.view.state.checks.get(checkKey(node, checkId));
    const writeOutput = held !== undefined && this.#outputDue(held, output);
    const unchanged = held?.status === status && !writeOutput;
    if (!unchanged) {
      await this.#deps.committer.commit((state) =>
        decideStatus(state, { node, checkId, status, output, writeOutput, ...(fence && { fence }) }),
      );
      const writtenAt = this.#deps.clock.monotonic();
      this.#outputs.set(checkKey(node, checkId), {
        text: output,
        writtenAt,
        revision: this.#revisionOf(node, checkId),
      });
    } else {
      this.#remember(node, checkId, output);
    }
  }

  /** A check's output as this node last heard it, which the catalog may not have yet. */
  latestOutput(check: Stored<Check>): string {
    const heard = this.#outputs.get(checkKey(check.node, check.id));
    return heard?.revision === check.modifyRevision ? heard.text : check.output;
  }

  async #find(node: string, checkId: string): Promise<Check> {
    if (!this.#deps.view.ready) throw new RollcallError('not_ready');
    const key = checkKey(node, checkId);
    if (!this.#deps.view.state.checks.has(key)) await this.#deps.committer.catchUp();
    const check = this.#deps.view.state.checks.get(key);
    if (check === undefined) throw new RollcallError('check_not_found', `Unknown check "${checkId}"`);
    return check;
  }

  #outputDue(check: Check, output: string): boolean {
    if (check.output === output) return false;
    const last = this.#outputs.get(checkKey(check.node, check.id));
    return last === undefined || this.#deps.clock.monotonic() - last.writtenAt >= this.#deps.outputIntervalMs;
  }

  #remember(node: string, checkId: string, output: string): void {
    const key = checkKey(node, checkId);
    const held = this.#outputs.get(key);
    if (held !== undefined)
      this.#outputs.set(key, { ...held, text: output, revision: this.#revisionOf(node, checkId) });
  }

  #revisionOf(node: string, checkId: string): Revision {
    return this.#deps.view.state.checks.get(checkKey(node, checkId))?.modifyRevision ?? 0;
  }

  /** Drops outputs of checks that are gone, once they are the larger part. */
  #forget(): void {
    const { checks } = this.#deps.view.state;
    if (this.#outputs.size <= 2 * checks.size + 100) return;
    for (const key of this.#outputs.keys()) if (!checks.has(key)) this.#outputs.delete(key);
  }
}
