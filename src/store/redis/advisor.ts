import type { Logger } from '../../platform/logger.ts';
import type { Advice } from '../store.ts';
import type { RedisAddress } from './address.ts';
import type { Sender } from './connection.ts';
import { isCertain, judgeProfile, readProfile } from './profile.ts';

const INTERVAL_MS = 60_000;

/** Looks at the primary's settings now and then, and logs each new weakness once. */
export class Advisor {
  readonly #sender: Sender;
  readonly #topology: RedisAddress['topology'];
  readonly #logger: Logger;
  readonly #timer: NodeJS.Timeout;
  #advice: readonly Advice[] = [];

  constructor(sender: Sender, topology: RedisAddress['topology'], logger: Logger) {
    this.#sender = sender;
    this.#topology = topology;
    this.#logger = logger;
    this.#timer = setInterval(() => this.lookAgain(), INTERVAL_MS);
  }

  get advice(): readonly Advice[] {
    return this.#advice;
  }

  /** As `look`, in the background: at intervals, and where another server may have become the primary. */
  lookAgain(): void {
    this.look().catch((error: unknown) =>
      this.#logger.debug({ error: String(error) }, "Redis' settings cannot be read"),
    );
  }

  async look(): Promise<readonly Advice[]> {
    const advice = judgeProfile(await readProfile(this.#sender), this.#topology);
    const known = new Set(this.#advice.map(nameOf));
    for (const one of advice.filter((each) => !known.has(nameOf(each)))) {
      const { setting, value, should, because } = one;
      if (isCertain(one)) this.#logger.warn({ setting, value, should, because }, `set Redis' ${setting}`);
      else this.#logger.info({ setting, should }, `Redis does not show its ${setting}`);
    }
    this.#advice = advice;
    return advice;
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

function nameOf({ setting, value }: Advice): string {
  return `${setting}=${value}`;
}
