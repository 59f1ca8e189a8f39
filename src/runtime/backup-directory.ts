import { createHash } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Query } from '../core/index.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import { MAX_ARCHIVE_BYTES, type Registry } from '../registry/index.ts';

const CHUNK_BYTES = 1024 * 1024;
/** An unfinished file this old has been left behind by a crash. */
const LEFT_BEHIND_MS = 60 * 60_000;
/** They hold configuration keys, which may be secrets. */
const MODE = { directory: 0o700, file: 0o600 };

interface Deps {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly directory: string;
  readonly keep: number;
}

/**
 * Archives of the catalog in a directory, named `rollcall-<datacenter>-<UTC time>-r<revision>.snap`.
 *
 * A file with such a name is whole, on the disk and as it was meant; old ones go only after a new one is there.
 */
export class BackupDirectory {
  readonly #deps: Deps;
  readonly #prefix: string;

  constructor(deps: Deps) {
    this.#deps = deps;
    this.#prefix = `rollcall-${deps.registry.identity.datacenter}-`;
  }

  /** Makes one and says what it is. Throws what a consistent read throws, and errors of the file system. */
  async add(signal: AbortSignal): Promise<string> {
    const { directory, logger } = this.#deps;
    const { archive, revision, createdAt } = await this.#archive();
    const name = `${this.#prefix}${createdAt.replace(/[-:]|\.\d+/g, '')}-r${String(revision)}.snap`;
    await mkdir(directory, { recursive: true, mode: MODE.directory });
    const temporary = join(directory, `.${name}.${this.#deps.registry.identity.nodeId}.tmp`);
    try {
      const written = await writeSynced(temporary, archive, signal);
      const held = await digestOfFile(temporary, signal);
      if (held !== written) throw new Error('the file is not what was written to it');
      await rename(temporary, join(directory, name));
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await syncDirectory(directory);
    const size = `${name}, ${String(archive.length)} bytes`;
    try {
      await this.#removeOld(name);
    } catch (error) {
      logger.warn({ err: error }, 'old backups could not be removed');
      return `${size}; old ones could not be removed`;
    }
    if (archive.length <= MAX_ARCHIVE_BYTES) return size;
    logger.warn({ name, bytes: archive.length }, 'a backup is larger than what can be restored');
    return `${size}, more than can be restored`;
  }

  async #archive() {
    const { registry, clock } = this.#deps;
    if (registry.snapshots.isRestoring) throw new Error('a restore is under way');
    const createdAt = new Date(clock.now()).toISOString();
    const whole: Query<{ readonly archive: Promise<Uint8Array>; readonly revision: number }> = {
      topics: [],
      index: (state) => state.revision,
      run: (state) => ({ archive: registry.snapshots.save(createdAt), revision: state.revision }),
    };
    const { value } = await registry.reads.read(whole, { mode: 'consistent' });
    return { archive: await value.archive, revision: value.revision, createdAt };
  }

  async #removeOld(newest: string): Promise<void> {
    const { directory, keep, clock } = this.#deps;
    const names = await readdir(directory);
    const backups = names.filter((name) => name !== newest && this.#isBackup(name)).sort();
    for (const name of backups.slice(0, Math.max(0, backups.length - (keep - 1))))
      await rm(join(directory, name), { force: true });
    for (const name of names) {
      if (!name.startsWith(`.${this.#prefix}`) || !name.endsWith('.tmp')) continue;
      const { mtimeMs } = await stat(join(directory, name));
      if (clock.now() - mtimeMs > LEFT_BEHIND_MS) await rm(join(directory, name), { force: true });
    }
  }

  /** By name, exactly: what else is in the directory is none of ours. */
  #isBackup(name: string): boolean {
    return name.startsWith(this.#prefix) && /^\d{8}T\d{6}Z-r\d+\.snap$/.test(name.slice(this.#prefix.length));
  }
}

/** Answers the digest of what it wrote. */
async function writeSynced(path: string, bytes: Uint8Array, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  const file = await open(path, 'wx', MODE.file);
  try {
    for (let from = 0; from < bytes.length; from += CHUNK_BYTES) {
      signal.throwIfAborted();
      const chunk = bytes.subarray(from, from + CHUNK_BYTES);
      hash.update(chunk);
      await file.writeFile(chunk);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return hash.digest('hex');
}

async function digestOfFile(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.alloc(CHUNK_BYTES);
    for (let read = await readInto(file, buffer); read > 0; read = await readInto(file, buffer)) {
      signal.throwIfAborted();
      hash.update(buffer.subarray(0, read));
    }
  } finally {
    await file.close();
  }
  return hash.digest('hex');
}

async function readInto(file: FileHandle, buffer: Buffer): Promise<number> {
  return (await file.read(buffer, 0, buffer.length)).bytesRead;
}

/** Makes the new name survive a power failure too. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
