import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Revision } from '../../core/index.ts';
import type { Logger } from '../../platform/logger.ts';
import type { RedisAddress } from './address.ts';
import type { StoreKeys } from './keys.ts';

const WRITE_INTERVAL_MS = 1000;

/** What a node has seen of the store: the highest revision, and the line that it belongs to. */
export interface Witnessed {
  readonly revision: Revision;
  readonly line: string;
}

const NOTHING: Witnessed = { revision: 0, line: '' };

/**
 * Keeps what this node has witnessed in a file, written once a second while it changes.
 *
 * Without it a loss would go unnoticed where all nodes restart together with a failover. A file that
 * cannot be read or written is reported and does no harm.
 */
export class WitnessFile {
  readonly #path: string;
  readonly #logger: Logger;
  readonly #timer: NodeJS.Timeout;
  #seen: Witnessed = NOTHING;
  #written: Witnessed = NOTHING;
  #writing: Promise<void> | undefined;
  #failed = false;

  /** The file of one registry in one Redis; another URL has another file. */
  static of(directory: string, keys: StoreKeys, { label }: RedisAddress, logger: Logger): WitnessFile {
    const name = createHash('sha256').update(`${keys.meta} ${label}`).digest('hex').slice(0, 16);
    return new WitnessFile(join(directory, `witness-${name}.json`), logger);
  }

  private constructor(path: string, logger: Logger) {
    this.#path = path;
    this.#logger = logger;
    this.#seen = this.#written = this.#read();
    this.#timer = setInterval(() => void this.#flush(), WRITE_INTERVAL_MS);
  }

  get seen(): Witnessed {
    return this.#seen;
  }

  note(revision: Revision, line: string): void {
    const seen = this.#seen;
    if (revision > seen.revision || line !== seen.line)
      this.#seen = { revision: Math.max(revision, seen.revision), line };
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#writing;
    await this.#flush();
  }

  async #flush(): Promise<void> {
    if (this.#seen === this.#written) return;
    this.#writing ??= this.#write(this.#seen).finally(() => {
      this.#writing = undefined;
    });
    await this.#writing;
  }

  async #write(seen: Witnessed): Promise<void> {
    const part = `${this.#path}.part`;
    try {
      const file = await open(part, 'w');
      try {
        await file.writeFile(`${JSON.stringify(seen)}\n`);
        await file.datasync();
      } finally {
        await file.close();
      }
      await rename(part, this.#path);
      this.#written = seen;
      this.#failed = false;
    } catch (error) {
      this.#report(error);
    }
  }

  #read(): Witnessed {
    try {
      mkdirSync(dirname(this.#path), { recursive: true });
      return decode(readFileSync(this.#path, 'utf8'));
    } catch (error) {
      if (!isMissing(error)) this.#report(error);
      return NOTHING;
    }
  }

  #report(error: unknown): void {
    if (!this.#failed) this.#logger.warn({ path: this.#path, err: error }, 'the witness file is of no use');
    this.#failed = true;
  }
}

function decode(text: string): Witnessed {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || !('revision' in value) || !('line' in value)) {
    throw new Error('it holds no revision and line');
  }
  const { revision, line } = value;
  if (!Number.isSafeInteger(revision) || typeof line !== 'string') throw new Error('it is damaged');
  return { revision: Number(revision), line };
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
