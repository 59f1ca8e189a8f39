import {
  decideSessionCreate,
  decideSessionDestroy,
  decideSessionRegrant,
  RollcallError,
  sessionLease,
  sessionLeaseMs,
  type Session,
} from '../core/index.ts';
import type { Stored } from '../core/index.ts';
import type { Random } from '../platform/random.ts';
import type { View } from '../view/view.ts';
import type { Committer } from './committer.ts';
import type { Renewals } from './renewals.ts';

interface Deps {
  readonly committer: Committer;
  readonly renewals: Renewals;
  readonly view: View;
  readonly random: Random;
}

/** Creates, renews and ends sessions. */
export class Sessions {
  readonly #deps: Deps;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** Resolves with the new session's id. Throws as `decideSessionCreate`, and what a commit throws. */
  async create(session: Omit<Session, 'id'>): Promise<string> {
    const id = this.#deps.random.uuid();
    await this.#deps.committer.commit((state) => decideSessionCreate(state, { ...session, id }));
    return id;
  }

  /** Ends a session; an absent one is fine. Throws what a commit throws. */
  async destroy(id: string): Promise<void> {
    await this.#deps.committer.commit((state) => decideSessionDestroy(state, id), 'barrier');
  }

  /**
   * Gives a session its whole time to live again; reaches neither the catalog nor other nodes.
   *
   * Throws `session_not_found`, and what a commit throws.
   */
  async renew(id: string): Promise<Stored<Session>> {
    const { committer, renewals } = this.#deps;
    const known = this.#find(id);
    // Nothing in the store would tell that a session without a lease has ended elsewhere.
    if (known === undefined || known.ttlMs === 0) await committer.catchUp();
    const session = this.#find(id);
    if (session === undefined) throw new RollcallError('session_not_found', `Session id '${id}' not found`);
    if (session.ttlMs === 0) return session;
    if (!(await renewals.renew(sessionLease(id), sessionLeaseMs(session))))
      await committer.commit((state) => decideSessionRegrant(state, id));
    return session;
  }

  #find(id: string): Stored<Session> | undefined {
    const { view } = this.#deps;
    if (!view.ready) throw new RollcallError('not_ready');
    return view.state.sessions.get(id);
  }
}
