import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const directory = mkdtempSync(join(tmpdir(), 'rollcall-bench-'));
process.on('exit', () => rmSync(directory, { recursive: true, force: true }));

/** A path in a directory that is removed when this process ends. */
export function scratchPath(name: string): string {
  return join(directory, name);
}
