import type { InstanceStatus } from './instance-info.ts';

const TIMEOUT_MS = 5000;
/** Answers to 250 changes, each with a whole instance, are far smaller. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

/** One change as Eureka's servers tell it each other. */
export interface PeerItem {
  readonly appName: string;
  readonly id: string;
  readonly action: 'Register' | 'Heartbeat' | 'Cancel' | 'StatusUpdate' | 'DeleteStatusOverride';
  readonly lastDirtyTimestamp?: number;
  readonly status?: InstanceStatus;
  readonly overriddenStatus?: InstanceStatus;
  readonly instanceInfo?: object;
}

export interface PeerResponse {
  readonly statusCode: number;
  /** With 409: the instance as the peer has it. */
  readonly responseEntity?: unknown;
}

/** A peer that could not be reached or did not answer as an Eureka server. */
class PeerError extends Error {
  constructor(peer: string, reason: string, cause?: unknown) {
    super(`the Eureka server ${peer} ${reason}`, { cause });
    this.name = 'PeerError';
  }
}

/** An Eureka server that takes batches of changes. */
export class Peer {
  /** The address without user and password. */
  readonly name: string;
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #closing = new AbortController();
  #isAvailable: boolean | undefined;

  /** `address` is its base, such as `http://user:password@eureka-1:8761/eureka`. */
  constructor(address: string) {
    const url = new URL(address);
    const { username, password } = url;
    url.username = '';
    url.password = '';
    this.name = url.href.replace(/\/+$/, '');
    this.#url = `${this.name}/peerreplication/batch/`;
    const basic = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
    this.#headers = {
      Accept: 'application/json',
      'Content-Type': 'application/json',
      'DiscoveryIdentity-Name': 'DefaultServer',
      'DiscoveryIdentity-Version': '1.0',
      'User-Agent': 'Rollcall-Replication',
      ...(username !== '' && { Authorization: `Basic ${basic.toString('base64')}` }),
    };
  }

  /** Whether the peer answered last; undefined before it was asked. */
  get isAvailable(): boolean | undefined {
    return this.#isAvailable;
  }

  /** Ends what is on its way; nothing can be sent afterwards. */
  close(): void {
    this.#closing.abort();
  }

  /** The answers to a batch, in its order, within five seconds. Throws `PeerError`. */
  async post(items: readonly PeerItem[]): Promise<readonly PeerResponse[]> {
    this.#isAvailable = false;
    const text = await this.#exchange(JSON.stringify({ replicationList: items }));
    const responses = this.#decode(text);
    if (responses.length !== items.length) throw new PeerError(this.name, 'did not answer every change');
    this.#isAvailable = true;
    return responses;
  }

  async #exchange(body: string): Promise<string> {
    try {
      const response = await fetch(this.#url, {
        method: 'POST',
        headers: this.#headers,
        body,
        redirect: 'manual',
        signal: AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), this.#closing.signal]),
      });
      if (response.status !== 200) {
        await response.body?.cancel();
        throw new PeerError(this.name, `answered ${String(response.status)}`);
      }
      return await this.#read(response);
    } catch (error) {
      throw error instanceof PeerError ? error : new PeerError(this.name, 'cannot be reached', error);
    }
  }

  async #read({ body }: Response): Promise<string> {
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
      length += chunk.length;
      if (length > MAX_ANSWER_BYTES) throw new PeerError(this.name, 'answered too much');
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  }

  #decode(text: string): readonly PeerResponse[] {
    let root: unknown;
    try {
      root = JSON.parse(text);
    } catch (error) {
      throw new PeerError(this.name, 'did not answer in JSON', error);
    }
    const list = isObject(root) ? root['responseList'] : undefined;
    if (!Array.isArray(list)) throw new PeerError(this.name, 'did not answer with a list');
    return list.map((each: unknown) => {
      const fields = isObject(each) ? each : {};
      return { statusCode: Number(fields['statusCode'] ?? 0), responseEntity: fields['responseEntity'] };
    });
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
