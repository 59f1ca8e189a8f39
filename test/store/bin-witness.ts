import { once } from 'node:events';
import { Redis } from 'ioredis';
import { eventually } from '../support/eventually.ts';

/** NUL as MONITOR spells it. */
const NUL = '\\x00';
const PLACES = ':bin:places';
const LOADS = ':bin:loads';

/** Most that a bin may hold when its pool holds so many, the newest lease included. */
export type CapOf = (bin: string, poolLoad: number) => number;

/**
 * Watches every command that a Redis executes, in order, and keeps books of its own on who holds which bin.
 *
 * It trusts no counter and no reply: what it counts are the leases that come and go.
 */
export class BinWitness {
  /** Places taken although the bin was full, or while an earlier choice had room, and counters that were wrong. */
  readonly violations: string[] = [];
  readonly seen = { taken: 0, freed: 0, overflowed: 0 };
  readonly #monitor: Redis;
  readonly #commands: Redis;
  readonly #capOf: CapOf;
  readonly #held = new Map<string, string>();
  /** Leases of each place, of each pool, and of all: as they came and went, and as the counters have it. */
  readonly #counts = new Map<string, number>();
  readonly #counters = new Map<string, number>();
  readonly #changed = new Set<string>();
  /** Names in the order of preference of the acquisition that runs. */
  #choices: readonly string[] = [];
  #markers = 0;
  #reached = '';

  private constructor(monitor: Redis, commands: Redis, capOf: CapOf) {
    this.#monitor = monitor;
    this.#commands = commands;
    this.#capOf = capOf;
    monitor.on('monitor', (_time: string, args: string[]) => {
      this.#see(args);
    });
  }

  static async start(url: string, capOf: CapOf): Promise<BinWitness> {
    const commands = new Redis(url);
    await once(commands, 'ready');
    return new BinWitness(await commands.monitor(), commands, capOf);
  }

  /** Resolves once everything that was executed before this call has been seen. */
  async settle(): Promise<void> {
    const marker = `witness-${String((this.#markers += 1))}`;
    await this.#commands.echo(marker);
    await eventually(() => this.#reached === marker, 'the witness is up to date');
  }

  stop(): void {
    this.#monitor.disconnect();
    this.#commands.disconnect();
  }

  #see([name = '', ...args]: string[]): void {
    const [key = '', ...rest] = args;
    const command = name.toLowerCase();
    if (command === 'echo') this.#reached = key;
    if (command === 'evalsha' || command === 'eval') this.#begin(args);
    if (key.endsWith(PLACES)) {
      if (command === 'hset') this.#take(rest[0] ?? '', rest[1] ?? '');
      if (command === 'hdel') for (const lease of rest) this.#free(lease);
    }
    if (key.endsWith(LOADS) && command === 'hincrby') {
      const [field = '', by = '0'] = rest;
      this.#counters.set(field, (this.#counters.get(field) ?? 0) + Number(by));
      this.#changed.add(field);
    }
  }

  /** Between two scripts all counters must agree with the leases that there are. */
  #begin([, keys = '0', ...rest]: readonly string[]): void {
    for (const field of this.#changed) {
      const counter = this.#counters.get(field) ?? 0;
      if (counter !== this.#count(field)) this.violations.push(`counter ${field}: ${String(counter)}`);
    }
    this.#changed.clear();
    const own = rest.slice(Number(keys));
    const shares = own.slice(7);
    this.#choices = shares.filter((_, index) => index % 2 === 0);
  }

  #take(lease: string, place: string): void {
    const [pool = '', bin = ''] = place.split(NUL);
    const poolLoad = this.#count(`${pool}${NUL}`) + 1;
    const hasRoom = (each: string) => this.#count(`${pool}${NUL}${each}`) < this.#capOf(each, poolLoad);
    if (!hasRoom(bin)) this.violations.push(`${bin} was full`);
    const before = this.#choices.slice(0, Math.max(0, this.#choices.indexOf(bin)));
    for (const choice of before)
      if (hasRoom(choice)) this.violations.push(`${choice} had room before ${bin}`);
    this.#held.set(lease, place);
    this.#add(place, 1);
    this.seen.taken += 1;
    if (before.length > 0) this.seen.overflowed += 1;
  }

  #free(lease: string): void {
    const place = this.#held.get(lease);
    if (place === undefined) return;
    this.#held.delete(lease);
    this.#add(place, -1);
    this.seen.freed += 1;
  }

  #add(place: string, by: number): void {
    const [pool = ''] = place.split(NUL);
    for (const field of [place, `${pool}${NUL}`, '']) {
      this.#counts.set(field, this.#count(field) + by);
      this.#changed.add(field);
    }
  }

  #count(field: string): number {
    return this.#counts.get(field) ?? 0;
  }
}
