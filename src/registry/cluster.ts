import { RollcallError } from '../core/index.ts';
import type { Hash64 } from '../core/ring/index.ts';
import type { View } from '../view/view.ts';
import { digestOf, type CatalogDigest } from './digest.ts';

interface Deps {
  readonly view: View;
  readonly hash64: Hash64;
}

/** What operators want to know about the registry as a whole. */
export class Cluster {
  readonly #deps: Deps;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** Digest of this node's view; throws `not_ready`, and `aborted` where the catalog changes too fast. */
  async digest(): Promise<CatalogDigest> {
    const { view, hash64 } = this.#deps;
    if (!view.ready) throw new RollcallError('not_ready');
    const digest = await digestOf(() => view.state, hash64);
    if (digest === undefined)
      throw new RollcallError('aborted', 'The catalog changes too fast to be digested');
    return digest;
  }
}
