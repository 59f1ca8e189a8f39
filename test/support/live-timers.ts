import { createHook } from 'node:async_hooks';

/** Follows timers that are set by code whose stack matches. */
export interface LiveTimers {
  /** How many are set and neither over nor cleared; a moment late. */
  count(): number;
  stop(): void;
}

export function watchTimers(stack: RegExp): LiveTimers {
  const live = new Set<number>();
  const hook = createHook({
    init: (id, type) => {
      if (type === 'Timeout' && stack.test(new Error('here').stack ?? '')) live.add(id);
    },
    destroy: (id) => live.delete(id),
  }).enable();
  return { count: () => live.size, stop: () => hook.disable() };
}
