import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { within } from './programs.ts';

const ANSWERED_WITHIN_MS = 10_000;

/** A keep-alive connection for one request at a time; costs a fraction of what Node's own client does. */
export class Line {
  readonly #socket: Socket;
  #received = '';
  #settle: ((answer: string | Error) => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#received += chunk.toString('latin1');
      if (this.#received.length < answerLength(this.#received)) return;
      const answer = this.#received;
      this.#received = '';
      this.#settle?.(answer);
    });
    socket.on('error', (error) => this.#settle?.(error));
    socket.on('close', () => this.#settle?.(new Error('the server closed a connection')));
  }

  static async open(port: number): Promise<Line> {
    const socket = connect(port, '127.0.0.1').setNoDelay(true);
    await once(socket, 'connect');
    return new Line(socket);
  }

  /** Sends a request as `rawRequest` makes it and resolves with the answer; throws unless that is a success. */
  async ask(request: string): Promise<string> {
    const answered = new Promise<string | Error>((resolve) => (this.#settle = resolve));
    this.#socket.write(request, 'latin1');
    const answer = await within(ANSWERED_WITHIN_MS, answered);
    if (answer instanceof Error) throw answer;
    if (!answer.startsWith('HTTP/1.1 2')) throw new Error(`${request}\n\nwas answered\n\n${answer}`);
    return answer;
  }

  close(): void {
    this.#settle = undefined;
    this.#socket.destroy();
  }
}

/** Length of the whole answer, or Infinity while its head is not whole. */
export function answerLength(received: string): number {
  const headEnd = received.indexOf('\r\n\r\n');
  if (headEnd < 0) return Infinity;
  const length = /\r\ncontent-length: (\d+)/i.exec(received);
  return headEnd + 4 + Number(length?.[1] ?? 0);
}
