import type { OnServerCore } from './cores.ts';

/** How this run measures. */
export interface Run {
  readonly rounds: number;
  /** Length of a round. */
  readonly seconds: number;
  readonly onServerCore: OnServerCore;
}
