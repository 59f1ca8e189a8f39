import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from './config/index.ts';
import type { Logger } from './platform/logger.ts';
import { decodeServiceFile } from './protocols/consul/index.ts';
import type { Registry } from './registry/index.ts';

const MAX_FILE_BYTES = 1024 * 1024;

/**
 * Registers the service definitions of a directory, in order of file name.
 *
 * A file that cannot be read or understood stops the start: a registry without the services it was
 * told to have is worse than none. Throws an `Error` that names the file.
 */
export async function registerServiceFiles(
  config: Config,
  registry: Registry,
  logger: Logger,
): Promise<void> {
  const { serviceDir } = config;
  if (serviceDir === undefined) return;
  const names = (await readdir(serviceDir)).filter((name) => name.endsWith('.json')).sort();
  for (const name of names) {
    const path = join(serviceDir, name);
    try {
      const bytes = await readFile(path);
      if (bytes.length > MAX_FILE_BYTES) throw new Error(`larger than ${String(MAX_FILE_BYTES)} bytes`);
      const definitions: unknown = JSON.parse(bytes.toString('utf8'));
      const registrations = decodeServiceFile(definitions, registry.identity, config);
      for (const registration of registrations) await registry.catalog.register(registration);
      logger.info({ path, services: registrations.length }, 'registered service definitions');
    } catch (error) {
      throw new Error(
        `service definition ${path}: ${error instanceof Error ? error.message : String(error)}`,
        { cause: error },
      );
    }
  }
}
