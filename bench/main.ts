// npm run bench [-- --only lookups --rounds 5 --seconds 1 --write-docs]
import { parseArgs } from 'node:util';
import { reserveServerCore } from './cores.ts';
import { dnsPeerRows } from './dns-peers.ts';
import { dnsRows } from './dns.ts';
import { largeAnswerRows } from './large-answers.ts';
import { embeddedLookupRows, redisLookupRows } from './lookups.ts';
import { memoryRows } from './memory.ts';
import { exitOnSignals, positive, runParts, type Parts } from './parts.ts';
import { lookupPeerRows } from './peer-lookups.ts';
import { writePeerRows } from './peer-writes.ts';
import { ringRows } from './ring.ts';
import type { Run } from './run.ts';
import { visibilityRows } from './visibility.ts';
import { embeddedWriteRows, redisWriteRows } from './writes.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '1' },
    'write-docs': { type: 'boolean', default: false },
  },
});
const rounds = positive('rounds', values.rounds);
const seconds = positive('seconds', values.seconds);
exitOnSignals();
const { pinned, onServerCore } = reserveServerCore();
const run: Run = { rounds, seconds, onServerCore };

const parts: Parts = {
  lookups: () => embeddedLookupRows(run),
  'lookups-peers': () => lookupPeerRows(run),
  'lookups-two-nodes': () => redisLookupRows(run),
  'lookups-large': () => largeAnswerRows(run),
  writes: () => embeddedWriteRows(run),
  'writes-redis': () => redisWriteRows(run),
  'writes-peers': () => writePeerRows(run),
  visibility: () => visibilityRows(run),
  dns: () => dnsRows(run),
  'dns-peers': () => dnsPeerRows(run),
  ring: () => ringRows(run),
  memory: () => memoryRows(run),
};
await runParts(parts, {
  only: values.only ?? Object.keys(parts),
  settings: { rounds, seconds, pinned },
  writeDocs: values['write-docs'],
});
