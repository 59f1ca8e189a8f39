import { expect } from 'chai';
import type { Durability } from '../../src/store/redis/index.ts';
import { StoreError, type Store } from '../../src/store/store.ts';
import { pause } from '../store/harness.ts';
import { all, closeStores, openStore } from '../store/redis-harness.ts';
import { WriteLoad } from '../store/write-load.ts';
import { eventually } from '../support/eventually.ts';
import { ClusterTopology } from '../support/redis-cluster.ts';
import { SentinelTopology } from '../support/redis-sentinel.ts';
import { requireRedis, type RedisServer } from '../support/redis-server.ts';

const RUNS = Number(process.env['TOPOLOGY_RUNS'] ?? 2);
const PLANNED_RUNS = 5 * RUNS;
const BEFORE_WRITES = 500;
const AWAY_MS = 6000;

interface Result {
  readonly scenario: string;
  readonly acknowledged: number;
  readonly lost: number;
  readonly reported: number;
  readonly gapMs: number;
}

const results: Result[] = [];
let namespaces = 0;

/** Breaks something under load, waits until writes go on, and counts what is missing. */
async function measure(
  scenario: string,
  url: string,
  durability: Durability,
  breakIt: (store: Store, namespace: string) => Promise<() => Promise<void>>,
): Promise<Result> {
  namespaces += 1;
  const namespace = `measure-${namespaces}`;
  const store = await openStore(url, { namespace, openTimeoutMs: 30_000, ...all(durability) });
  const load = new WriteLoad(store, 8);
  // Another node, which nobody tells of anything.
  const other = await openStore(url, { namespace, openTimeoutMs: 30_000, ...all(durability) });
  const otherLoad = new WriteLoad(other, 2, 'other');
  let reported = 0;
  const running = new AbortController();
  // What the follower does: it adopts where the history breaks.
  const adopting = (async () => {
    let epochs = 0;
    while (!running.signal.aborted) {
      const refused = load.outcomes.get('epoch_changed') ?? 0;
      if (refused > epochs) {
        epochs = refused;
        const witnessed = Math.max(load.highest, otherLoad.highest);
        reported += await store.adopt(witnessed).then(
          ({ lost }) => lost,
          () => 0,
        );
        await other.adopt(witnessed).catch(() => undefined);
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  })();
  try {
    await eventually(() => load.acknowledged.length > BEFORE_WRITES, 'writes', 30_000);
    load.forgetGaps();
    const epoch = Math.floor(load.highest / 2 ** 32);
    const repair = await breakIt(store, namespace);
    await eventually(() => Math.floor(load.highest / 2 ** 32) > epoch, 'writes in another epoch', 60_000);
    await repair();
    const then = load.acknowledged.length;
    await eventually(() => load.acknowledged.length > then + 100, 'writes after all is well', 60_000);
    await load.stop();
    await otherLoad.stop();
    const missing = [...(await load.missingFrom(store)), ...(await otherLoad.missingFrom(store))];
    const result = {
      scenario: `${scenario}, ${durability}`,
      acknowledged: load.acknowledged.length + otherLoad.acknowledged.length,
      lost: missing.length,
      reported,
      gapMs: Math.round(load.longestGapMs),
    };
    expect(load.revisionsWentBack, 'revisions went back').to.equal(false);
    expect(reported, 'reported at least what was lost').to.be.at.least(missing.length);
    results.push(result);
    return result;
  } finally {
    running.abort();
    await adopting;
    await closeStores();
    await Promise.all([load.stop(), otherLoad.stop()]);
  }
}

function table(): string {
  const rows = [...new Set(results.map(({ scenario }) => scenario))].map((scenario) => {
    const runs = results.filter((result) => result.scenario === scenario);
    const gaps = runs.map(({ gapMs }) => gapMs / 1000).sort((a, b) => a - b);
    const [least, most] = [gaps[0] ?? 0, gaps.at(-1) ?? 0];
    const middle = gaps[Math.floor(gaps.length / 2)] ?? 0;
    const sum = (of: (result: Result) => number) => runs.reduce((total, run) => total + of(run), 0);
    const seconds = [least, middle, most].map((s) => s.toFixed(2)).join(' / ');
    return `| ${scenario} | ${runs.length} | ${sum((r) => r.acknowledged)} | ${sum((r) => r.lost)} | ${sum((r) => r.reported)} | ${seconds} |`;
  });
  return ['| Scenario | Runs | Acknowledged | Lost | Reported | Seconds without writes |', ...rows].join(
    '\n',
  );
}

describe('failovers, measured', function () {
  this.timeout(180_000);

  before(function () {
    requireRedis(this);
  });

  after(() => {
    console.log(`\n${table()}\n`);
  });

  for (const durability of ['async', 'safe', 'all'] as const) {
    describe(`Sentinel, ${durability}`, () => {
      let topology: SentinelTopology | undefined;
      const sentinel = (): SentinelTopology => {
        if (topology === undefined) throw new Error('no topology');
        return topology;
      };

      before(async () => {
        topology = await SentinelTopology.start({ server: { appendonly: true } });
      });

      beforeEach(() => sentinel().untilSettled(2));

      after(() => topology?.stop());

      const away = async (
        leave: (primary: RedisServer) => Promise<void> | void,
        comeBack: (primary: RedisServer) => Promise<void> | void,
      ): Promise<() => Promise<void>> => {
        const primary = await sentinel().primary();
        await leave(primary);
        const back = pause(AWAY_MS).then(() => comeBack(primary));
        return () => back;
      };

      for (let run = 1; run <= RUNS; run += 1) {
        it(`kill -9 of the primary (run ${run})`, async () => {
          const { lost } = await measure('Sentinel, kill -9', sentinel().url, durability, () =>
            away(
              (primary) => primary.kill(),
              (primary) => primary.restart(),
            ),
          );
          if (durability !== 'async') expect(lost).to.equal(0);
        });

        it(`SIGSTOP of the primary for ${AWAY_MS} ms (run ${run})`, async () => {
          const { lost } = await measure('Sentinel, SIGSTOP', sentinel().url, durability, () =>
            away(
              (primary) => primary.pause(),
              (primary) => primary.resume(),
            ),
          );
          if (durability !== 'async') expect(lost).to.equal(0);
        });

        it(`SENTINEL FAILOVER of a healthy primary (run ${run})`, async () => {
          const { lost } = await measure(
            'Sentinel, SENTINEL FAILOVER without a pause',
            sentinel().url,
            durability,
            async () => {
              await sentinel().failover();
              return () => Promise.resolve();
            },
          );
          if (durability === 'all') expect(lost).to.equal(0);
        });
      }

      if (durability === 'async') {
        for (let run = 1; run <= PLANNED_RUNS; run += 1) {
          it(`redis failover (run ${run})`, async () => {
            const { lost } = await measure(
              'Sentinel, rollcall redis failover',
              sentinel().url,
              durability,
              planned,
            );
            expect(lost).to.equal(0);
          });
        }
      }
    });
  }

  for (const durability of ['async', 'safe'] as const) {
    describe(`Redis Cluster, ${durability}`, () => {
      let topology: ClusterTopology | undefined;
      const cluster = (): ClusterTopology => {
        if (topology === undefined) throw new Error('no topology');
        return topology;
      };

      before(async () => {
        topology = await ClusterTopology.start({ server: { appendonly: true } });
      });

      beforeEach(() => cluster().untilWhole());

      after(() => topology?.stop());

      for (let run = 1; run <= RUNS; run += 1) {
        it(`kill -9 of the shard's primary (run ${run})`, async () => {
          const { lost } = await measure(
            'Cluster, kill -9',
            cluster().url,
            durability,
            async (_, namespace) => {
              const { primary } = await cluster().shard(namespace);
              await primary.kill();
              return () => primary.restart();
            },
          );
          if (durability !== 'async') expect(lost).to.equal(0);
        });
      }

      for (let run = 1; run <= PLANNED_RUNS; run += 1) {
        it(`redis failover (run ${run})`, async () => {
          const { lost } = await measure(
            'Cluster, rollcall redis failover',
            cluster().url,
            durability,
            planned,
          );
          expect(lost).to.equal(0);
        });
      }
    });
  }
});

async function planned(store: Store): Promise<() => Promise<void>> {
  // The sentinels take a while to forget a failover before the next one.
  await eventually(
    () =>
      store.failover?.().catch((error: unknown) => {
        if (error instanceof StoreError && /INPROG|NOGOODSLAVE|in touch/.test(error.message)) return false;
        throw error;
      }),
    'a planned failover',
    60_000,
  );
  return () => Promise.resolve();
}
