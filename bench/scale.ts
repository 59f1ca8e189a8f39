// npm run bench:scale [-- --only waiters --waiters 10000 --instances 1000000 --minutes 10 --write-docs]
import { parseArgs } from 'node:util';
import { reserveServerCore } from './cores.ts';
import { growthRows } from './growth.ts';
import { joiningRows } from './joining.ts';
import { millionRows } from './million.ts';
import { exitOnSignals, positive, runParts, type Parts } from './parts.ts';
import type { Run } from './run.ts';
import { subscriberRows, waiterRows } from './waiters.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '1' },
    waiters: { type: 'string', default: '10000' },
    subscribers: { type: 'string', default: '5000' },
    services: { type: 'string', default: '100000' },
    joined: { type: 'string', default: '100000' },
    instances: { type: 'string', default: '1000000' },
    minutes: { type: 'string', default: '10' },
    'write-docs': { type: 'boolean', default: false },
  },
});
exitOnSignals();
const { pinned, onServerCore, onAnyCore } = reserveServerCore();
const { 'write-docs': writeDocs, only, ...numbers } = values;
const sizes = Object.fromEntries(
  Object.entries(numbers).map(([name, text]) => [name, positive(name, text)]),
) as Record<keyof typeof numbers, number>;
const run: Run = { rounds: sizes.rounds, seconds: sizes.seconds, onServerCore };

const parts: Parts = {
  waiters: () => waiterRows(run, sizes.waiters),
  subscribers: () => subscriberRows(run, sizes.subscribers),
  growth: () => growthRows(run, sizes.services),
  joining: () => joiningRows(run, onAnyCore, sizes.joined),
  million: () => millionRows(run, sizes.instances, sizes.minutes),
};
await runParts(parts, {
  only: only ?? Object.keys(parts),
  settings: { ...sizes, pinned },
  writeDocs,
});
