import { redisAvailable, requireRedis } from '../support/redis-server.ts';
import { cleanUp } from '../support/rollcall-process.ts';
import { Pool } from './harness/pool.ts';
import type { Scenario } from './harness/scenario.ts';
import { SCENARIOS } from './scenarios/index.ts';

/** Scenarios mostly wait, so several run at once; each has processes of its own. */
const SIDE_BY_SIDE = Number(process.env['FAULTS_AT_ONCE'] ?? 3);
const SEED = Number(process.env['FAULTS_SEED'] ?? Date.now() % 2 ** 31);
/** Such as `F4,F13`; default: all. */
const CHOSEN = process.env['FAULTS']?.split(',');

describe(`faults, seed ${String(SEED)}`, function () {
  this.timeout(10 * 60_000);
  const pool = new Pool(SIDE_BY_SIDE);
  const results = new Map<Scenario, Promise<string>>();
  const chosen = SCENARIOS.filter(({ id }) => CHOSEN?.includes(id) ?? true);

  before(function () {
    requireRedis(this);
    if (!redisAvailable()) return;
    for (const scenario of chosen) {
      if (scenario.unavailable?.() !== undefined) continue;
      const result = pool.run(() => timed(scenario), scenario.alone);
      // Awaited by its own test, which may come to it later.
      result.catch(() => undefined);
      results.set(scenario, result);
    }
  });
  after(cleanUp);

  for (const scenario of chosen)
    it(`${scenario.id}: ${scenario.title}`, async function () {
      const reason = scenario.unavailable?.();
      if (reason !== undefined) {
        console.log(`      ${scenario.id} skipped: ${reason}`);
        this.skip();
      }
      console.log(`      ${scenario.id}: ${(await results.get(scenario)) ?? ''}`);
    });
});

async function timed(scenario: Scenario): Promise<string> {
  const startedAt = performance.now();
  const line = await scenario.run(SEED);
  return `${line}; took ${((performance.now() - startedAt) / 1000).toFixed(0)} s`;
}
