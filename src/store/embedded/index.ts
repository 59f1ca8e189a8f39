import type { Store } from '../store.ts';
import { EmbeddedStore, type EmbeddedStoreOptions } from './embedded-store.ts';

export type { EmbeddedStoreOptions } from './embedded-store.ts';

/** A store on files of this process; `open` it before anything else. */
export function createEmbeddedStore(options: EmbeddedStoreOptions): Store {
  return new EmbeddedStore(options);
}
