import type { Socket } from 'node:net';

/** No query needs more; a longer one is a lie about its length. */
const MAX_QUERY_BYTES = 4096;
const LENGTH_BYTES = 2;
/** While so many queries wait for others to answer, nothing more is read. */
const MAX_PENDING = 100;

/**
 * Answers the length-prefixed queries on a connection (RFC 7766), any number of them in flight: in order, but for
 * those that `respond` answers later.
 *
 * The connection ends when no whole query came for `idleTimeoutMs`, when one is overlong or `respond` has no answer.
 * While the client does not read its answers, nothing more is read from it.
 */
export function serveConnection(
  socket: Socket,
  respond: (packet: Buffer) => Buffer | undefined | Promise<Buffer | undefined>,
  idleTimeoutMs: number,
): void {
  let received: Buffer = Buffer.alloc(0);
  let pending = 0;
  const idleTimer = setTimeout(() => socket.destroy(), idleTimeoutMs);

  const send = (answer: Buffer | undefined): boolean => {
    if (!answer) return endOf(socket);
    idleTimer.refresh();
    const prefix = Buffer.alloc(LENGTH_BYTES);
    prefix.writeUInt16BE(answer.length);
    socket.write(prefix);
    socket.write(answer);
    return true;
  };
  const answerNext = (): boolean => {
    if (received.length < LENGTH_BYTES) return false;
    const lengthBytes = received.readUInt16BE(0);
    if (lengthBytes > MAX_QUERY_BYTES) return endOf(socket);
    const end = LENGTH_BYTES + lengthBytes;
    if (received.length < end) return false;
    const answer = respond(received.subarray(LENGTH_BYTES, end));
    received = received.subarray(end);
    if (!(answer instanceof Promise)) return send(answer);
    pending++;
    void answer.then((late) => {
      pending--;
      if (socket.writable && send(late)) answerAll();
    });
    return true;
  };
  const isBusy = () => socket.writableNeedDrain || pending >= MAX_PENDING;
  const answerAll = (): void => {
    socket.cork();
    while (socket.writable && !isBusy() && answerNext());
    socket.uncork();
    if (isBusy()) socket.pause();
    else socket.resume();
  };

  socket.on('data', (chunk) => {
    if (!socket.writable) return;
    received = Buffer.concat([received, chunk]);
    answerAll();
  });
  socket.on('drain', answerAll);
  // Resets and broken pipes are the client's affair; 'close' follows.
  socket.on('error', () => undefined);
  socket.on('close', () => clearTimeout(idleTimer));
  socket.setNoDelay(true);
}

/** Ends a connection once the answers given so far are out. */
function endOf(socket: Socket): false {
  socket.destroySoon();
  return false;
}
