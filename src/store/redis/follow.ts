import type { Commit, Revision } from '../../core/index.ts';
import { StoreError } from '../store.ts';
import type { Argument, Sender } from './connection.ts';
import { toStoreError } from './failure.ts';
import { decodeFrame } from './frame.ts';
import { decodeLog, type LogEntry } from './reply.ts';

const BLOCK_MS = 1000;
const ENTRIES_PER_READ = 32;

/** What a follower reads from: one connection, so that the revision and the log are the same server's. */
export interface LogSource {
  readonly sender: Sender;
  readonly log: string;
  /** The store's revision on that connection; `epoch_changed` when it left the adopted line. */
  revision(): Promise<Revision>;
}

/**
 * Reads the log after a revision, for ever; yields an empty batch after each second without news.
 *
 * Every entry names the revision before it, so a hole shows. XREAD alone would skip silently over
 * entries that were trimmed, or that another server never had: hence a look at the fenced revision
 * at the start and after every silence.
 */
export async function* followLog(source: LogSource, after: Revision): AsyncGenerator<readonly Commit[]> {
  let last = after;
  let quiet = true;
  for (;;) {
    const expectsNews = quiet && (await currentRevision(source, last)) > last;
    const entries = await readEntries(source, last, expectsNews ? undefined : BLOCK_MS);
    if (entries.length === 0 && expectsNews) throw gap(last, 'the log no longer holds what follows');
    const commits: Commit[] = [];
    for (const entry of entries) {
      // Only the first entry may begin earlier: a group is one entry, and `after` may lie inside it.
      if (entry.previous > last || (entry.previous < last && last !== after))
        throw gap(last, 'an entry is missing');
      if (entry.epoch !== undefined) throw gap(last, `epoch ${entry.epoch} has begun`);
      entry.frames.forEach((frame, index) => {
        const revision = entry.previous + 1 + index;
        if (revision > last) commits.push(decodeFrame(frame, revision));
      });
      last = entry.revision;
    }
    quiet = entries.length === 0;
    yield commits;
  }
}

async function currentRevision(source: LogSource, last: Revision): Promise<Revision> {
  const revision = await source.revision().catch((error: unknown) => {
    throw toStoreError(error, 'read').code === 'epoch_changed'
      ? gap(last, 'Redis holds another epoch')
      : error;
  });
  if (revision < last) throw gap(last, `Redis is at ${revision}`);
  return revision;
}

async function readEntries(
  source: LogSource,
  last: Revision,
  blockMs: number | undefined,
): Promise<LogEntry[]> {
  const block: Argument[] = blockMs === undefined ? [] : ['BLOCK', blockMs];
  const args = ['COUNT', ENTRIES_PER_READ, ...block, 'STREAMS', source.log, `${last}-0`];
  return decodeLog(await source.sender.send('XREAD', args));
}

function gap(last: Revision, reason: string): StoreError {
  return new StoreError('gap', `cannot follow from revision ${last}: ${reason}`);
}
