import {
  decideSettingPut,
  decideSettingsDelete,
  RollcallError,
  type RestorePromise,
  type State,
} from '../core/index.ts';
import type { Clock } from '../platform/clock.ts';
import type { Random } from '../platform/random.ts';
import type { View } from '../view/view.ts';
import type { Committer } from './committer.ts';

interface Deps {
  readonly identity: { readonly nodeId: string };
  readonly view: View;
  readonly committer: Committer;
  readonly random: Random;
  readonly clock: Clock;
}

/** The promise to carry out a restore; its chunks are settings named `restore:<id>:<n>`. */
interface Marker {
  /** `<node id>/<token>`. */
  readonly id: string;
  readonly chunks: number;
}

const MARKER = 'restore';
const CHUNK_BYTES = 192 * 1024;

/** An archive that is to be restored, and the promise to do so. */
export interface Abandoned {
  readonly archive: Uint8Array;
  readonly promise: RestorePromise;
}

/** An archive in the store, in pieces, and the promise to restore it, which comes last. */
export class StagedArchive {
  readonly #deps: Deps;
  #isStaging = false;
  #seen: { readonly id: string; readonly atMs: number } | undefined;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  get isPromised(): boolean {
    return this.#deps.view.state.settings.has(MARKER);
  }

  /** Resolves once the promise stands. Throws `aborted` where another one does, and what a commit throws. */
  async put(archive: Uint8Array): Promise<RestorePromise> {
    const { identity, random } = this.#deps;
    const id = `${identity.nodeId}/${random.token()}`;
    if (this.#isStaging || this.isPromised) throw underWay();
    this.#isStaging = true;
    try {
      // What a crash has left behind.
      await this.#delete([ownPrefix(identity.nodeId)]);
      await this.#stage(archive, id);
    } finally {
      this.#isStaging = false;
    }
    return { setting: MARKER, id };
  }

  /** The archive of a promise that nobody keeps; one of another node counts once it is `patienceMs` old. */
  abandoned(patienceMs: number): Abandoned | undefined {
    const { view, identity, clock } = this.#deps;
    const marker = markerIn(view.state);
    if (marker === undefined || this.#isStaging) return undefined;
    if (this.#seen?.id !== marker.id) this.#seen = { id: marker.id, atMs: clock.monotonic() };
    const isOwn = marker.id.startsWith(`${identity.nodeId}/`);
    if (!isOwn && clock.monotonic() - this.#seen.atMs < patienceMs) return undefined;
    const chunks = chunksOf(view.state, marker).map((chunk) => Buffer.from(chunk ?? '', 'base64'));
    return { archive: Buffer.concat(chunks), promise: { setting: MARKER, id: marker.id } };
  }

  /** The promise is kept, or can never be. Throws what a commit throws. */
  async clear({ id }: RestorePromise): Promise<void> {
    const names = [MARKER, chunkName(id, '')];
    await this.#deps.committer.commit((state) =>
      decideSettingsDelete(state, markerIn(state)?.id === id ? names : []),
    );
  }

  async #stage(archive: Uint8Array, id: string): Promise<void> {
    const { committer } = this.#deps;
    const chunks = Math.ceil(archive.length / CHUNK_BYTES);
    try {
      for (let n = 0; n < chunks; n++) {
        const value = Buffer.from(archive.subarray(n * CHUNK_BYTES, (n + 1) * CHUNK_BYTES)).toString(
          'base64',
        );
        await committer.commit((state) => decideSettingPut(state, { name: chunkName(id, n), value }));
      }
      const marker: Marker = { id, chunks };
      const { result } = await committer.commit((state) => {
        if (chunksOf(state, marker).includes(undefined)) throw new RollcallError('aborted');
        return decideSettingPut(state, { name: MARKER, value: marker }, 0);
      });
      if (!result) throw underWay();
    } catch (error) {
      if (markerIn(this.#deps.view.state)?.id !== id)
        await this.#delete([chunkName(id, '')]).catch(() => undefined);
      throw error;
    }
  }

  async #delete(prefixes: readonly string[]): Promise<void> {
    await this.#deps.committer.commit((state) => decideSettingsDelete(state, prefixes));
  }
}

function underWay(): RollcallError {
  return new RollcallError('aborted', 'A snapshot is being restored already; try again later');
}

function ownPrefix(nodeId: string): string {
  return `${MARKER}:${nodeId}/`;
}

function chunkName(id: string, n: number | ''): string {
  return `${MARKER}:${id}:${String(n)}`;
}

/** Only this file writes the setting. */
function markerIn(state: State): Marker | undefined {
  return state.settings.get(MARKER)?.value as Marker | undefined;
}

function chunksOf(state: State, { id, chunks }: Marker): (string | undefined)[] {
  return Array.from(
    { length: chunks },
    (_, n) => state.settings.get(chunkName(id, n))?.value as string | undefined,
  );
}
