import { setTimeout as sleep } from 'node:timers/promises';
import { checkCounter, checkOperationIds } from '../../support/oracles/applied-once.ts';
import { checkBudgets, type Exchange } from '../../support/oracles/budget.ts';
import { checkIndexOrder } from '../../support/oracles/index-order.ts';
import { checkLeases, lateSpans } from '../../support/oracles/lease.ts';
import { checkProcessHealth, readProcessHealth } from '../../support/oracles/process-health.ts';
import { checkRegisters } from '../../support/oracles/register.ts';
import { checkWatches, checkWatchIndexes } from '../../support/oracles/watch.ts';
import type { RedisServer } from '../../support/redis-server.ts';
import { FaultClient } from './client.ts';
import type { FaultCluster } from './cluster.ts';
import { BEAT_TTL_MS } from './heartbeaters.ts';
import type { History } from './history.ts';
import { operationIds, rebuiltDigest } from './rebuild.ts';
import { COUNTER } from './registers.ts';
import { kvOf } from './writers.ts';

/** Above what the registry promises by far, since everything may have to wait for a processor here. */
const MAX_LOOKUP_MS = 8000;
const MAX_WRITE_MS = 7000;

/** What a scenario may cost; everything else is a violation. */
export interface Allowance {
  /** Acknowledged writes that may be lost, if they are reported; default 0. */
  readonly lost?: number;
  /** Something must have been lost, or the scenario showed nothing; default false. */
  readonly mustLose?: boolean;
  /** Redis is filled again from a view, which gives its records new revisions; default false. */
  readonly refilled?: boolean;
  /** Longest time without an acknowledged write, in ms. */
  readonly writeGapMs: number;
  /** Time beyond two TTLs in which a silent instance must go; default 3000. */
  readonly expiryBudgetMs?: number;
  /** Which Redis holds the truth at the end; default: the primary of the cluster. */
  readonly redis?: RedisServer;
}

/** One line of the report. */
export interface Figures {
  readonly acknowledged: number;
  readonly unknown: number;
  readonly refused: number;
  readonly lost: number;
  /** What the nodes say was lost, in revisions. */
  readonly reportedLost: number;
  readonly writeGapMs: number;
  readonly lookups: number;
  readonly failedLookups: number;
  readonly slowestLookupMs: number;
  readonly slowestWriteMs: number;
  readonly wronglyExpired: number;
  /** Heartbeats that their own client sent, or got through, too late. */
  readonly lateHeartbeats: number;
}

export interface Verdict {
  readonly figures: Figures;
  readonly violations: readonly string[];
}

/** Asks every oracle about a run whose clients have stopped. */
export async function judge(cluster: FaultCluster, history: History, allowance: Allowance): Promise<Verdict> {
  const redis = allowance.redis ?? (await cluster.primary());
  const client = new FaultClient('judge', cluster.nodes);
  try {
    const lost = await countLost(client, history);
    const isOneLine = lost === 0 && allowance.refilled !== true;
    // Asked before the oracles think: the proxies to Redis are in this process, and stand still meanwhile.
    const unequal = await checkViews(client, cluster, redis);
    const unapplied = isOneLine ? await checkTotal(client, history) : [];
    const reportedLost = await reportedLosses(client, cluster);
    const operations = checkOperationIds(await operationIds(redis));
    const mayLose = lost <= (allowance.lost ?? 0);
    const heartbeaters = [...history.heartbeaters.values()].map((one) => ({
      ...one,
      late: lateSpans(history.beats(one.id), BEAT_TTL_MS, history.faults),
    }));
    const leases = checkLeases(
      heartbeaters,
      history.listings,
      2 * BEAT_TTL_MS + (allowance.expiryBudgetMs ?? 3000),
      history.faults,
    );
    const wronglyExpired = [...leases.wronglyExpired, ...history.forgotten];
    const writeGapMs = longestGap(history.acknowledged.map(({ atMs }) => atMs));
    const lookups = history.exchanges.filter(({ what }) => what === 'lookup');
    const count = (outcome: string) =>
      history.operations.filter((operation) => operation.kind === 'write' && operation.outcome === outcome)
        .length;
    const violations = [
      ...(mayLose ? [] : [`${String(lost)} acknowledged writes are lost`]),
      ...(lost > reportedLost ? [`only ${String(reportedLost)} of the lost writes were reported`] : []),
      ...(allowance.mustLose === true && lost === 0 ? ['nothing was lost: the fault was none'] : []),
      // What was lost goes back by itself; the other oracles have no notion of it.
      ...(isOneLine ? checkHistory(history) : checkWatchIndexes(history.watched)),
      ...unapplied,
      ...leases.wronglyExpired.map((who) => `${who} lived and was not listed`),
      ...history.forgotten.map((who) => `${who} lived and was forgotten`),
      // Self-preservation spares whom it will, and says so.
      ...(cluster.nodes.some(({ log }) => log.includes('self-preservation begins'))
        ? []
        : leases.overdue
      ).map((who) => `${who} is silent and still listed`),
      ...checkBudgets(history.exchanges, {
        lookup: { statuses: [200], maxMs: MAX_LOOKUP_MS },
        write: { statuses: [0, 200, 409, 500, 503], maxMs: MAX_WRITE_MS },
      }),
      ...(writeGapMs <= allowance.writeGapMs ? [] : [`no write for ${String(writeGapMs)} ms`]),
      ...operations,
      ...unequal,
      ...checkProcesses(cluster),
    ];
    const figures = {
      acknowledged: history.acknowledged.length,
      unknown: count('unknown'),
      refused: count('refused'),
      lost,
      reportedLost,
      writeGapMs,
      lookups: lookups.length,
      failedLookups: lookups.filter(({ status }) => status !== 200).length,
      slowestLookupMs: slowest(lookups),
      slowestWriteMs: slowest(history.exchanges.filter(({ what }) => what === 'write')),
      wronglyExpired: wronglyExpired.length,
      lateHeartbeats: heartbeaters.reduce((sum, { late }) => sum + late.length, 0),
    };
    return { figures, violations: withoutRepeats(violations) };
  } finally {
    client.close();
  }
}

function checkHistory({ operations, watched }: History): string[] {
  const writes = operations.filter(({ kind, outcome }) => kind === 'write' && outcome === 'ok');
  const known = writes.map(({ key, value, revision = 0 }) => ({ key, value, revision }));
  const registers = operations.filter(({ key }) => key.startsWith('register/'));
  return [
    ...checkIndexOrder(operations.filter(({ key }) => key.startsWith('shared/'))),
    ...checkRegisters(registers),
    ...checkWatches(watched, known),
  ];
}

async function checkTotal(client: FaultClient, history: History): Promise<string[]> {
  const { value = '0' } = kvOf(await client.send('GET', `/v1/kv/${COUNTER}?consistent`));
  return checkCounter({ ...history.counted, total: Number(value) });
}

async function countLost(client: FaultClient, history: History): Promise<number> {
  const reply = await client.send('GET', '/v1/kv/own/?recurse&consistent', undefined, 20_000);
  if (reply.status === 404) return history.acknowledged.length;
  if (reply.status !== 200) throw new Error(`the keys cannot be read: ${String(reply.status)} ${reply.text}`);
  const held = new Map(
    (JSON.parse(reply.text) as { Key: string; Value: string }[]).map(({ Key, Value }) => [
      Key,
      Buffer.from(Value, 'base64').toString(),
    ]),
  );
  return history.acknowledged.filter(({ key, value }) => held.get(key) !== value).length;
}

function slowest(exchanges: readonly Exchange[]): number {
  return Math.round(exchanges.reduce((most, { ms }) => Math.max(most, ms), 0));
}

function longestGap(times: readonly number[]): number {
  const ordered = times.toSorted((a, b) => a - b);
  return Math.round(ordered.reduce((gap, at, i) => Math.max(gap, at - (ordered[i - 1] ?? at)), 0));
}

async function reportedLosses(client: FaultClient, cluster: FaultCluster): Promise<number> {
  const reports = await Promise.all(
    cluster.nodes.map(async (node) => {
      const { text } = await client.sendTo(node, 'GET', '/api/v1/status');
      return (JSON.parse(text) as { lostRevisions: number }).lostRevisions;
    }),
  );
  return Math.max(...reports);
}

/** All views, and what Redis holds, must be one catalog; changes under way are given a few seconds to settle. */
async function checkViews(client: FaultClient, cluster: FaultCluster, redis: RedisServer): Promise<string[]> {
  let seen: string[] = [];
  for (let attempt = 0; attempt < 20; attempt++) {
    const digests = await Promise.all(
      cluster.nodes.map(async (node) => {
        const { text } = await client.sendTo(node, 'GET', '/api/v1/cluster/digest', undefined, 15_000);
        const { revision, digest } = JSON.parse(text) as { revision: number; digest: string };
        return `${String(revision)} ${digest}`;
      }),
    );
    const rebuilt = await rebuiltDigest(redis.url);
    seen = [...digests, `${String(rebuilt.revision)} ${rebuilt.digest}`];
    if (new Set(seen).size === 1) return [];
    await sleep(300);
  }
  return [`the views differ from each other or from Redis: ${seen.join(', ')}`];
}

function checkProcesses(cluster: FaultCluster): string[] {
  return cluster.nodes.flatMap((node) =>
    checkProcessHealth(node.name, readProcessHealth(node.process.pid, node.log), {
      maxResidentBytes: 600 * 2 ** 20,
      maxOpenFiles: 400,
    }),
  );
}

const MOST_SHOWN = 20;

function withoutRepeats(violations: readonly string[]): string[] {
  const different = [...new Set(violations)];
  const more = different.length - MOST_SHOWN;
  return more <= 0 ? different : [...different.slice(0, MOST_SHOWN), `and ${String(more)} more`];
}
