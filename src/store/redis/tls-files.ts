import { readFileSync } from 'node:fs';
import type { TlsMaterial } from './connection.ts';

/** Paths of PEM files. */
export interface TlsFiles {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** Reads what is named. Throws an `Error` that names the file which cannot be read. */
export function readTls({ ca, cert, key }: TlsFiles): TlsMaterial {
  return {
    ...(ca === undefined ? {} : { ca: read(ca) }),
    ...(cert === undefined ? {} : { cert: read(cert) }),
    ...(key === undefined ? {} : { key: read(key) }),
  };
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new Error(`a file for TLS to Redis cannot be read: ${path}`, { cause: error });
  }
}
