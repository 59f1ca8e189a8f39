import { request, type ClientRequest, type IncomingMessage } from 'node:http';

/** One server-sent event; comments are left out. */
export interface ServerSentEvent {
  readonly event: string;
  readonly id: string;
  readonly data: unknown;
}

/** A subscriber to server-sent events over a real socket, that reads or does not, as told. */
export class EventStream {
  readonly events: ServerSentEvent[] = [];
  readonly status: number;
  readonly contentType: string | undefined;
  /** Comments received. */
  comments = 0;
  ended = false;
  readonly #request: ClientRequest;
  readonly #response: IncomingMessage;
  #text = '';

  private constructor(outgoing: ClientRequest, response: IncomingMessage) {
    this.#request = outgoing;
    this.#response = response;
    this.status = response.statusCode ?? 0;
    this.contentType = response.headers['content-type'];
    response.setEncoding('utf8');
    response.on('data', (text: string) => {
      this.#take(text);
    });
    response.on('close', () => {
      this.ended = true;
    });
    response.on('error', () => undefined);
  }

  static open(port: number, path: string, headers: Record<string, string> = {}): Promise<EventStream> {
    return new Promise((resolve, reject) => {
      const outgoing = request({ host: '127.0.0.1', port, path, headers, agent: false });
      outgoing.once('response', (response) => {
        resolve(new EventStream(outgoing, response));
      });
      outgoing.on('error', reject);
      outgoing.end();
    });
  }

  /** Stops reading, so that the sender cannot send on. */
  pause(): void {
    this.#response.pause();
  }

  resume(): void {
    this.#response.resume();
  }

  close(): void {
    this.#request.destroy();
  }

  #take(text: string): void {
    this.#text += text;
    const blocks = this.#text.split('\n\n');
    this.#text = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = new Map(
        block.split('\n').map((line) => {
          const colon = line.indexOf(':');
          return [line.slice(0, colon), line.slice(colon + 1).trimStart()];
        }),
      );
      const data = fields.get('data');
      if (data === undefined) this.comments++;
      else
        this.events.push({
          event: fields.get('event') ?? '',
          id: fields.get('id') ?? '',
          data: JSON.parse(data),
        });
    }
  }
}
