import type { ServerResponse } from 'node:http';
import type { RouteResponse } from './route.ts';

/** Sends an answer, unless its client has gone. */
export function send(response: ServerResponse, { status, headers, body, stream }: RouteResponse): void {
  if (response.destroyed || response.headersSent) {
    stream?.destroy();
    return;
  }
  if (stream !== undefined) {
    writeHead(response, status, headers);
    response.flushHeaders();
    stream.on('error', () => response.destroy());
    response.once('close', () => stream.destroy());
    stream.pipe(response);
    return;
  }
  writeHead(response, status, status === 204 || status === 304 ? headers : withLength(headers, body));
  response.end(body);
}

type Headers = Readonly<Record<string, string>> | undefined;

/** Node refuses header values that are not Latin-1; they are sent as UTF-8, control characters as spaces. */
function writeHead(response: ServerResponse, status: number, headers: Headers): void {
  try {
    response.writeHead(status, headers);
  } catch {
    const sendable = Object.entries(headers ?? {}).map(([name, value]) => {
      const printable = value.replace(/[\u0000-\u001f\u007f]/g, ' ');
      return [name, Buffer.from(printable, 'utf8').toString('latin1')] as const;
    });
    response.writeHead(status, Object.fromEntries(sendable));
  }
}

/** The headers with the length of the body; those of a shared answer have it already. */
function withLength(
  headers: Headers,
  body: string | Uint8Array | undefined,
): Readonly<Record<string, string>> {
  if (headers?.['Content-Length'] !== undefined) return headers;
  return { ...headers, 'Content-Length': String(body === undefined ? 0 : Buffer.byteLength(body)) };
}
