import { expect } from 'chai';
import { systemClock } from '../../src/platform/clock.ts';
import { createLogger } from '../../src/platform/logger.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { pureHashes } from '../../src/core/ring/index.ts';
import { startRuntime } from '../../src/runtime/index.ts';
import { eventually } from '../support/eventually.ts';
import { watchTimers } from '../support/live-timers.ts';
import { httpTarget } from '../support/probe-target.ts';
import { aCheck, aNode, anHttpProbe, anInstance } from '../support/pure-catalog.ts';
import { startRegistry } from '../support/registry.ts';

describe('runtime', () => {
  it('is in the catalog when started, runs checks, ends leases, and leaves nothing behind', async () => {
    const timers = watchTimers(/src.runtime|node-cron/);
    const test = await startRegistry();
    const target = await httpTarget((_request, response) => response.end());
    try {
      const runtime = await startRuntime({
        registry: test.registry,
        clock: systemClock,
        random: systemRandom,
        hash64: pureHashes.xxh64,
        logger: createLogger('silent'),
        httpPort: 8500,
      });
      const { state } = test.registry;
      expect(state.instancesOf('consul').size).to.equal(1);
      const http = anHttpProbe(`http://127.0.0.1:${target.port}/`, { intervalMs: 100 });
      const checks = [
        aCheck('n1', 'probed', { instanceId: 'web', status: 'critical', source: http }),
        aCheck('n1', 'beating', { instanceId: 'web', source: { kind: 'ttl', ttlMs: 500 } }),
      ];
      await test.registry.catalog.register({
        node: aNode('n1'),
        keepNode: true,
        instance: anInstance('n1', 'web'),
        checks: checks.map((check) => ({ ...check, overwriteStatus: true })),
        replaceChecks: false,
      });
      const status = (id: string) => state.checks.get(`n1\0${id}`)?.status;
      await eventually(() => status('probed') === 'passing', 'the HTTP check passing');
      await eventually(() => status('beating') === 'critical', 'the TTL check critical');
      const startedAt = performance.now();
      await runtime.stop();
      expect(performance.now() - startedAt).to.be.below(5000);
      expect(state.instancesOf('consul').size).to.equal(0);
      await eventually(() => timers.count() === 0, 'no timer left', 2000);
    } finally {
      timers.stop();
      await target.stop();
      await test.stop();
    }
  });
});
