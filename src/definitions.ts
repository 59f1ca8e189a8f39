import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { RollcallError, type ErrorCode, type Node, type Registration, type State } from './core/index.ts';
import type { Config, DefinitionFile } from './config/index.ts';
import type { Logger } from './platform/logger.ts';
import { decodeNodeMeta, decodeServiceFile } from './protocols/consul/index.ts';
import type { Registry } from './registry/index.ts';

/** What an agent is told to register: the same question may have another answer later. */
export interface Definitions {
  readonly files: readonly DefinitionFile[];
  /** Metadata of the agent's node; undefined leaves it as it is. */
  readonly nodeMeta?: Readonly<Record<string, string>>;
}

export type ReadDefinitions = () => Definitions | Promise<Definitions>;

interface Deps {
  readonly config: Config;
  readonly registry: Registry;
  readonly logger: Logger;
  /** Default: the files of `serviceDir`. */
  readonly read?: ReadDefinitions | undefined;
}

/** Ids on the agent's node that definitions have registered. */
interface Defined {
  readonly instances: readonly string[];
  readonly checks: readonly string[];
}

const MAX_FILE_BYTES = 1024 * 1024;
/** Metadata that the registry itself gives the agent's node. */
const RESERVED_META = /^(consul|rollcall)-/;
const UNSTORED = { createRevision: 0, modifyRevision: 0 };
const RETRY_MS = 1000;
const TRANSIENT: readonly ErrorCode[] = ['store_unavailable', 'outcome_unknown', 'not_ready', 'aborted'];
const NONE: Defined = { instances: [], checks: [] };

/**
 * Registers the definitions of files, and withdraws those that have gone from them.
 *
 * What was registered is remembered in the catalog, under this registry node, so that a definition that was removed
 * while the node was down goes too.
 */
export class DefinitionLoader {
  readonly #deps: Deps;
  readonly #setting: string;
  #last: Promise<void> = Promise.resolve();

  constructor(deps: Deps) {
    this.#deps = deps;
    this.#setting = `definitions:${deps.registry.identity.nodeName.toLowerCase()}`;
  }

  /**
   * Reads everything again, one call after the other.
   *
   * Nothing changes where one file cannot be read or understood; throws an `Error` that names it.
   */
  load(): Promise<void> {
    const loading = this.#last.then(() => this.#load());
    this.#last = loading.catch(() => undefined);
    return loading;
  }

  /** As `load`, again and again while the store does not take it, until `signal` aborts. */
  async begin(signal: AbortSignal): Promise<void> {
    for (;;) {
      try {
        await this.load();
        return;
      } catch (error) {
        if (signal.aborted || !isTransient(error)) throw error;
        this.#deps.logger.warn({ err: error }, 'the service definitions cannot be registered; trying again');
        await pause(RETRY_MS);
      }
    }
  }

  /** As `load`, and the log says so where nothing changes. */
  async reload(): Promise<void> {
    try {
      await this.load();
    } catch (error) {
      this.#deps.logger.error(
        { err: error },
        'the configuration could not be read again; all goes on as it was',
      );
      throw error;
    }
  }

  async #load(): Promise<void> {
    const { registry, config, logger } = this.#deps;
    const { files, nodeMeta } = await this.#read();
    const registrations = servicesFirst(files.flatMap((file) => decode(file, this.#deps)));
    const before = definedIn(registry.state, this.#setting);
    const now = idsOf(registrations);
    if (nodeMeta !== undefined) await this.#setNodeMeta(decodeNodeMeta(nodeMeta));
    // Remembered before it is done, so that a crash between the two leaves nothing without an owner.
    await this.#remember(union(before, now));
    for (const registration of registrations) await registry.catalog.register(registration);
    for (const id of before.checks.filter((each) => !now.checks.includes(each)))
      await unlessGone(registry.catalog.deregisterCheck(config.agentName, id));
    for (const id of before.instances.filter((each) => !now.instances.includes(each)))
      await unlessGone(registry.catalog.deregisterInstance(config.agentName, id));
    await this.#remember(now);
    if (files.length > 0)
      logger.info({ files: files.map(({ source }) => source), ...now }, 'registered service definitions');
  }

  async #read(): Promise<Definitions> {
    const { config, read } = this.#deps;
    return read === undefined ? { files: await readDefinitionDirectory(config.serviceDir) } : read();
  }

  async #remember(defined: Defined): Promise<void> {
    const { settings, state } = this.#deps.registry;
    const isNothing = defined.instances.length + defined.checks.length === 0;
    if (!isNothing) await settings.put(this.#setting, defined);
    else if (state.settings.has(this.#setting)) await settings.delete(this.#setting);
  }

  async #setNodeMeta(meta: Readonly<Record<string, string>>): Promise<void> {
    const { registry } = this.#deps;
    const { agentName, agentId, address } = registry.identity;
    await registry.catalog.registerFrom((state) => {
      const { createRevision: _create, modifyRevision: _modify, ...held } = state.node(agentName) ?? UNSTORED;
      const node: Node = { name: agentName, id: agentId, address, ...held };
      const own = Object.entries(node.meta ?? {}).filter(([key]) => RESERVED_META.test(key));
      const changed = { ...node, meta: { ...Object.fromEntries(own), ...meta } };
      return { node: changed, keepNode: false, checks: [], replaceChecks: false };
    });
  }
}

/** Reads the `*.json` files of a directory, in order of file name; none where there is no directory. */
async function readDefinitionDirectory(directory: string | undefined): Promise<DefinitionFile[]> {
  if (directory === undefined) return [];
  const names = (await readdir(directory)).filter((name) => name.endsWith('.json')).sort();
  const files: DefinitionFile[] = [];
  for (const name of names) {
    const source = join(directory, name);
    try {
      const bytes = await readFile(source);
      if (bytes.length > MAX_FILE_BYTES) throw new Error(`larger than ${String(MAX_FILE_BYTES)} bytes`);
      files.push({ source, content: JSON.parse(bytes.toString('utf8')) as unknown });
    } catch (error) {
      throw failed(source, error);
    }
  }
  return files;
}

function decode({ source, content }: DefinitionFile, { registry, config }: Deps): Registration[] {
  try {
    return decodeServiceFile(content, registry.identity, config);
  } catch (error) {
    throw failed(source, error);
  }
}

function failed(source: string, error: unknown): Error {
  const reason = error instanceof Error ? error.message : String(error);
  return new Error(`service definition ${source}: ${reason}`, { cause: error });
}

/** A check may be of a service in another file. */
function servicesFirst(registrations: readonly Registration[]): Registration[] {
  const isService = ({ instance }: Registration) => instance !== undefined;
  return [...registrations.filter(isService), ...registrations.filter((each) => !isService(each))];
}

function idsOf(registrations: readonly Registration[]): Defined {
  return {
    instances: registrations.flatMap(({ instance }) => (instance === undefined ? [] : [instance.id])),
    checks: registrations.flatMap(({ checks }) => checks.map(({ id }) => id)),
  };
}

function union(a: Defined, b: Defined): Defined {
  return {
    instances: [...new Set([...a.instances, ...b.instances])],
    checks: [...new Set([...a.checks, ...b.checks])],
  };
}

/** What the last load wrote; the setting's only reader and writer is this file. */
function definedIn(state: State, setting: string): Defined {
  return (state.settings.get(setting)?.value as Defined | undefined) ?? NONE;
}

function isTransient(error: unknown): boolean {
  return error instanceof RollcallError && TRANSIENT.includes(error.code);
}

async function unlessGone(removal: Promise<void>): Promise<void> {
  try {
    await removal;
  } catch (error) {
    if (!(error instanceof RollcallError) || !error.code.endsWith('_not_found')) throw error;
  }
}
