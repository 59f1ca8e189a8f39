import { Readable } from 'node:stream';
import type { Revision } from '../../core/index.ts';

const HIGH_WATER_BYTES = 64 * 1024;
/** A reader that takes nothing for so long is gone. */
const STUCK_MS = 60_000;

/** An event as it is sent, and the revision its reader has then. */
export interface EncodedEvent {
  readonly revision: Revision;
  readonly bytes: Buffer;
}

/**
 * Server-sent events of one subscriber.
 *
 * Nothing is kept for a reader that is slow: it is asked for one event when the reader wants more, which then
 * takes it from the revision it has to the present one.
 */
export class EventStream extends Readable {
  #known: Revision | undefined;
  #isWanted = false;
  #wantedAtMs: number | undefined;
  readonly #next: (known: Revision | undefined) => EncodedEvent | undefined;

  constructor(known: Revision | undefined, next: (known: Revision | undefined) => EncodedEvent | undefined) {
    super({ highWaterMark: HIGH_WATER_BYTES });
    this.#known = known;
    this.#next = next;
  }

  /** Sends what there is to tell, where the reader takes it. */
  offer(): void {
    if (!this.#isWanted || this.destroyed) return;
    const event = this.#next(this.#known);
    if (event === undefined) return;
    this.#known = event.revision;
    this.#isWanted = this.push(event.bytes);
  }

  /** Sends a sign of life; ends a reader that has taken nothing for a minute. */
  beat(beat: Buffer, nowMs: number): void {
    if (this.#isWanted) {
      this.#wantedAtMs = nowMs;
      this.#isWanted = this.push(beat);
      return;
    }
    // The first event may still be on its way to a reader that has just come.
    this.#wantedAtMs ??= nowMs;
    if (nowMs - this.#wantedAtMs > STUCK_MS) this.destroy();
  }

  /** Ends as the server does. */
  end(): void {
    this.#isWanted = false;
    if (!this.destroyed) this.push(null);
  }

  override _read(): void {
    this.#isWanted = true;
    // Not in this turn: an event pushed while one is being read would be asked for again and again.
    setImmediate(() => {
      this.offer();
    });
  }
}
