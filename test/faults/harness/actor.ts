import { setTimeout as sleep } from 'node:timers/promises';

/** A client that does one thing again and again until it is told to stop. */
export interface Actor {
  /** Resolves once its last request is over. */
  stop(): Promise<void>;
}

/** Runs `turn` with a pause of `pauseMs` in between, and closes its client at the end; an error in it fails `stop`. */
export function act(pauseMs: number, turn: () => Promise<void>, client?: { close(): void }): Actor {
  const stopping = new AbortController();
  const running = (async () => {
    while (!stopping.signal.aborted) {
      await turn();
      await sleep(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  })();
  running.catch(() => undefined);
  return {
    stop: async () => {
      stopping.abort();
      await running.finally(() => client?.close());
    },
  };
}
