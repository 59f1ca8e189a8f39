import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { EPOCH_SPAN } from '../../core/index.ts';
import { SWEEP_CLAMP_MS } from '../store.ts';
import type { Argument, Sender } from './connection.ts';
import { isNoScript } from './failure.ts';
import { LAYOUT } from './reply.ts';

const NAMES = [
  ...['adopt', 'commit', 'renew', 'sweep', 'revision', 'barrier', 'compact'],
  ...['acquire', 'release'],
] as const;
export type ScriptName = (typeof NAMES)[number];

interface Script {
  readonly source: string;
  readonly sha1: string;
}

/** The Lua scripts, each with the prelude in front, for the keys of one namespace. */
export class Scripts {
  readonly #keys: readonly string[];
  readonly #scripts: ReadonlyMap<ScriptName, Script>;

  constructor(keys: readonly string[]) {
    this.#keys = keys;
    const prelude = [
      `local CLAMP_MS, EPOCH_SPAN, FORMAT = ${SWEEP_CLAMP_MS}, ${EPOCH_SPAN}, '${LAYOUT}'`,
      readLua('prelude'),
    ].join('\n');
    this.#scripts = new Map(NAMES.map((name) => [name, toScript(`${prelude}\n${readLua(name)}`)]));
  }

  /** Runs a script by its hash; a server that does not know it yet is sent the source. */
  async run(sender: Sender, name: ScriptName, args: readonly Argument[]): Promise<unknown> {
    const script = this.#scripts.get(name);
    if (script === undefined) throw new Error(`unknown script ${name}`);
    const operands = [this.#keys.length, ...this.#keys, ...args];
    try {
      return await sender.send('EVALSHA', [script.sha1, ...operands]);
    } catch (error) {
      if (!isNoScript(error)) throw error;
      return sender.send('EVAL', [script.source, ...operands]);
    }
  }
}

function readLua(name: string): string {
  return readFileSync(new URL(`./lua/${name}.lua`, import.meta.url), 'utf8');
}

function toScript(source: string): Script {
  return { source, sha1: createHash('sha1').update(source).digest('hex') };
}
