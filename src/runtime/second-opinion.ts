import { connect } from 'node:net';

/** What a connection attempt says: somebody listens, the host says that nobody does, or neither. */
export type Opinion = 'accepted' | 'refused' | 'unknown';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

const TIMEOUT_MS = 1000;
const MAX_RUNNING = 64;
/** Questions that wait; what is asked beyond that is asked again later. */
const MAX_WAITING = 1000;
/** How long an answer is believed. */
const VALID_MS = 30_000;

/** Connects to an endpoint and hangs up; never rejects. Only the host itself can say that nobody listens. */
export function opinionOn({ host, port }: Endpoint, timeoutMs = TIMEOUT_MS): Promise<Opinion> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const timer = setTimeout(() => finish('unknown'), timeoutMs);
    const finish = (opinion: Opinion) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(opinion);
    };
    socket.once('connect', () => finish('accepted'));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      finish(error.code === 'ECONNREFUSED' ? 'refused' : 'unknown');
    });
  });
}

interface Question {
  readonly endpoint: Endpoint;
  readonly askedAtMs: number;
}

interface Answer {
  readonly opinion: Opinion;
  readonly askedAtMs: number;
}

/** Asks about many endpoints, a few at a time, and remembers the answers for half a minute; `clear` it at times. */
export class SecondOpinions {
  readonly #answers = new Map<string, Answer>();
  /** Asked and not begun, in order. */
  readonly #waiting = new Map<string, Question>();
  readonly #running = new Map<string, Promise<void>>();

  /**
   * The answer about what `name` stands for; where there is none yet it is asked for, if that is possible now.
   *
   * `nowMs` is any clock that the caller always uses.
   */
  of(name: string, endpoint: Endpoint | undefined, nowMs: number): Opinion | 'asked' | 'busy' {
    if (endpoint === undefined) return 'unknown';
    const answer = this.#answers.get(name);
    if (answer !== undefined && nowMs - answer.askedAtMs < VALID_MS) return answer.opinion;
    if (!this.#running.has(name)) {
      if (this.#waiting.size >= MAX_WAITING) return 'busy';
      this.#waiting.set(name, { endpoint, askedAtMs: nowMs });
      this.#fill();
    }
    return 'asked';
  }

  /** When what has been asked so far is answered at the latest, in ms. */
  get waitMs(): number {
    return TIMEOUT_MS * (2 + Math.floor(this.#waiting.size / MAX_RUNNING));
  }

  /** Forgets all answers and questions. */
  clear(): void {
    this.#waiting.clear();
    this.#answers.clear();
  }

  /** Resolves once no connection is under way. */
  async stop(): Promise<void> {
    this.clear();
    await Promise.all(this.#running.values());
  }

  #fill(): void {
    for (const [name, { endpoint, askedAtMs }] of this.#waiting) {
      if (this.#running.size >= MAX_RUNNING) return;
      this.#waiting.delete(name);
      const asking = opinionOn(endpoint).then((opinion) => {
        this.#answers.set(name, { opinion, askedAtMs });
        this.#running.delete(name);
        this.#fill();
      });
      this.#running.set(name, asking);
    }
  }
}
