// npm run bench [-- --only lookups --rounds 5 --seconds 1]
import { parseArgs } from 'node:util';
import { reserveServerCore } from './cores.ts';
import { dnsPeerRows } from './dns-peers.ts';
import { dnsRows } from './dns.ts';
import { embeddedLookupRows, redisLookupRows } from './lookups.ts';
import type { Row } from './measure.ts';
import { memoryRows } from './memory.ts';
import { printTables, writeResults } from './report.ts';
import { ringRows } from './ring.ts';
import type { Run } from './run.ts';
import { embeddedWriteRows, redisWriteRows } from './writes.ts';

const BENCHES: Readonly<Record<string, (run: Run) => Promise<Row[]>>> = {
  lookups: embeddedLookupRows,
  'redis-lookups': redisLookupRows,
  writes: embeddedWriteRows,
  'redis-writes': redisWriteRows,
  dns: dnsRows,
  'dns-peers': dnsPeerRows,
  ring: ringRows,
  memory: memoryRows,
};

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: Object.keys(BENCHES) },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '1' },
  },
});
// What it started and wrote is cleaned up on exit, which a signal alone does not bring about.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

const { pinned, onServerCore } = reserveServerCore();
const rounds = atLeastOne(values.rounds);
const seconds = atLeastOne(values.seconds);

const rows: Row[] = [];
for (const name of values.only) {
  const bench = BENCHES[name];
  if (bench === undefined)
    throw new Error(`no bench "${name}"; there are ${Object.keys(BENCHES).join(', ')}`);
  console.error(`${name}...`);
  rows.push(...(await bench({ rounds, seconds, onServerCore })));
}
printTables(rows);
console.log(`\n${writeResults(rows, { rounds, seconds, pinned })}`);

function atLeastOne(text: string): number {
  if (!/^[1-9]\d{0,2}$/.test(text)) throw new Error(`--rounds and --seconds take 1 to 999, not ${text}`);
  return Number(text);
}
