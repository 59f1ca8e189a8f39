import { epochOf, type Commit, type Revision } from '../../core/index.ts';
import type { Logger } from '../../platform/logger.ts';
import { StoreError, type Adoption, type StoreDetails } from '../store.ts';
import { endpointLabel, type RedisAddress } from './address.ts';
import { Advisor } from './advisor.ts';
import { closedError, type Argument, type Sender, type TlsMaterial } from './connection.ts';
import { confirmations, ConfirmedWrites, type Durability } from './durability.ts';
import { toStoreError, type Effect } from './failure.ts';
import { followLog } from './follow.ts';
import type { StoreKeys } from './keys.ts';
import { RedisLink } from './link.ts';
import { toArray, toNumber, toText } from './reply.ts';
import { Scripts, type ScriptName } from './scripts.ts';
import { WitnessFile } from './witness.ts';

export interface SessionOptions {
  readonly address: RedisAddress;
  readonly tls: TlsMaterial;
  readonly keys: StoreKeys;
  readonly replicas: number | undefined;
  readonly witnessDirectory: string | undefined;
  readonly logger: Logger;
}

/** A store's dealings with Redis: its connections, and the line of history that it has adopted. */
export class Session {
  readonly #options: SessionOptions;
  readonly #scripts: Scripts;
  readonly #confirmed: ConfirmedWrites;
  readonly #witness: WitnessFile | undefined;
  readonly #closing = new AbortController();
  readonly link: RedisLink;
  readonly advisor: Advisor;
  /** Names the epoch that was adopted last; every script compares it. */
  #line = '';
  #fenced = true;
  /** Where servers cannot be told apart, a new connection may lead to another one. */
  #reconnected = false;

  constructor(options: SessionOptions) {
    const { address, keys, witnessDirectory, logger } = options;
    this.#options = options;
    this.#scripts = new Scripts(keys.all);
    this.link = new RedisLink({ ...options, key: keys.meta, onReady: () => this.#onReady() });
    this.#confirmed = new ConfirmedWrites(this.link.confirmed);
    this.advisor = new Advisor(this.link.commands, address.topology, logger);
    if (witnessDirectory !== undefined)
      this.#witness = WitnessFile.of(witnessDirectory, keys, address, logger);
  }

  /** For commands without a script; what it rejects with is not a `StoreError` yet. */
  get sender(): Sender {
    if (this.#closing.signal.aborted) throw closedError();
    return this.link.commands;
  }

  async adopt(witnessed: Revision): Promise<Adoption> {
    const { revision: seen = 0, line = '' } = this.#witness?.seen ?? {};
    const reconnected = this.#reconnected;
    const known = this.#line === '' && !reconnected ? line : this.#line;
    const args = [Math.max(witnessed, seen), known, reconnected ? '1' : ''];
    const reply = toArray(await this.#runWith(this.sender, 'write', 'adopt', args));
    const revision = toNumber(reply[0]);
    this.#line = toText(reply[4]);
    this.#fenced = reply[5] === 1;
    this.#reconnected = false;
    this.witnessed(revision);
    const lost = toNumber(reply[2]);
    return { revision, epoch: epochOf(revision), opened: reply[1] === 1, lost, fresh: reply[3] === 1 };
  }

  /** Runs a script on the adopted line; rejects with a `StoreError`. */
  async run(effect: Effect, name: ScriptName, args: readonly Argument[] = []): Promise<unknown> {
    return this.#runWith(this.sender, effect, name, [this.#line, ...args]);
  }

  /** Whether a write of that durability has replicas to wait for, as far as is known. */
  waitsForReplicas(durability: Durability): boolean {
    return confirmations(durability, this.link.place) > 0;
  }

  /** As `run`, and waits until as many replicas have it as the durability asks for. */
  async runConfirmed(
    durability: Durability,
    name: ScriptName,
    args: () => readonly Argument[],
  ): Promise<unknown> {
    try {
      return await this.#confirmed.run(
        (sender) => this.#runWith(sender, 'write', name, [this.#line, ...args()]),
        () => confirmations(durability, this.link.place),
      );
    } catch (error) {
      throw this.#closing.signal.aborted ? closedError() : toStoreError(error, 'write');
    }
  }

  /** As `Store.follow`. */
  async *follow(after: Revision, signal: AbortSignal): AsyncGenerator<readonly Commit[]> {
    const line = this.#line;
    const stream = this.link.stream();
    const { moved } = this.link;
    const stop = AbortSignal.any([signal, this.#closing.signal, moved]);
    const close = (): void => stream.close();
    stop.addEventListener('abort', close, { once: true });
    try {
      stop.throwIfAborted();
      await stream.connect();
      const revision = async (): Promise<Revision> =>
        toNumber(await this.#scripts.run(stream, 'revision', [line]));
      const log = { sender: stream, log: this.#options.keys.log, revision };
      for await (const commits of followLog(log, after)) {
        this.witnessed(commits.at(-1)?.revision ?? 0);
        yield commits;
      }
    } catch (error) {
      if (this.#closing.signal.aborted) throw closedError();
      if (!signal.aborted) throw toStoreError(moved.aborted ? moved.reason : error, 'read');
    } finally {
      stop.removeEventListener('abort', close);
      close();
    }
  }

  details(): StoreDetails {
    const { place } = this.link;
    return {
      topology: this.#options.address.topology,
      primary: place && endpointLabel(place.primary),
      knownReplicas: place?.knownReplicas ?? 0,
      liveReplicas: place?.liveReplicas ?? 0,
      fenced: this.#fenced,
      advice: this.advisor.advice,
    };
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.advisor.close();
    await Promise.all([this.link.close(), this.#witness?.close()]);
  }

  /** Remembers that the store has been at a revision. */
  witnessed(revision: Revision): Revision {
    if (revision > 0) this.#witness?.note(revision, this.#line);
    return revision;
  }

  async #runWith(
    sender: Sender,
    effect: Effect,
    name: ScriptName,
    args: readonly Argument[],
  ): Promise<unknown> {
    try {
      return await this.#scripts.run(sender, name, args);
    } catch (error) {
      throw toStoreError(error, effect);
    }
  }

  #onReady(): void {
    if (this.#line === '') return;
    this.advisor.lookAgain();
    if (this.#fenced) return;
    const { logger, address } = this.#options;
    logger.warn(
      { redis: address.label },
      'INFO is forbidden: an epoch is opened in case this is another Redis',
    );
    this.#reconnected = true;
    this.#line = '';
  }
}

/** The same failure of a write that changes nothing. */
export function asRead(error: unknown): unknown {
  const unknown = error instanceof StoreError && error.code === 'unknown_outcome';
  return unknown ? new StoreError('unavailable', error.message) : error;
}
