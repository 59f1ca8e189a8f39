import type { Program } from './programs.ts';

export interface Memory {
  /** In bytes, all of them. */
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
}

/** What a program holds after a garbage collection. */
export async function memoryOf(program: Program): Promise<Memory> {
  return (await program.ask({ probe: 'memory' })) as Memory;
}

/** How long a program's event loop was held at most since it was asked last; the first answer says nothing. */
export async function stallMsOf(program: Program): Promise<number> {
  return ((await program.ask({ probe: 'stall' })) as { readonly stallMs: number }).stallMs;
}
