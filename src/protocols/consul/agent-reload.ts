import { RollcallError } from '../../core/index.ts';
import type { Route } from '../../http/index.ts';
import { emptyAnswer } from './answers.ts';
import { put, type ConsulContext } from './context.ts';
import { ConsulError } from './errors.ts';

/** Reads this node's configuration again; its definitions take effect, everything else needs a restart. */
export function agentReloadRoutes({ options }: ConsulContext): Route[] {
  return [
    put('/v1/agent/reload', async () => {
      try {
        await options.reload?.();
      } catch (error) {
        if (error instanceof RollcallError || !(error instanceof Error)) throw error;
        throw new ConsulError(500, `Reload failed: ${error.message}`);
      }
      return emptyAnswer();
    }),
  ];
}
