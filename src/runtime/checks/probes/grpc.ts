import type { ClientHttp2Session, IncomingHttpHeaders } from 'node:http2';
import type { GrpcProbe } from '../../../core/index.ts';
import { dial } from './dial.ts';
import { goErrorText } from './go-error.ts';
import { healthRequest, saysServing } from './grpc-health.ts';
import { withHttp2Session } from './http2-session.ts';
import type { ProbeResult } from './probe.ts';

const METHOD = '/grpc.health.v1.Health/Check';
const MAX_RESPONSE_BYTES = 65_536;
/** Names of gRPC's status codes, by number. */
const CODES = [
  'OK',
  'Canceled',
  'Unknown',
  'InvalidArgument',
  'DeadlineExceeded',
  'NotFound',
  'AlreadyExists',
  'PermissionDenied',
  'ResourceExhausted',
  'FailedPrecondition',
  'Aborted',
  'OutOfRange',
  'Unimplemented',
  'Internal',
  'Unavailable',
  'DataLoss',
  'Unauthenticated',
];

/** Passing when the server's health service says that the service named behind the slash, or all of it, is serving. */
export async function probeGrpc(source: GrpcProbe, signal: AbortSignal): Promise<ProbeResult> {
  const slash = source.target.indexOf('/');
  const address = slash < 0 ? source.target : source.target.slice(0, slash);
  const service = slash < 0 ? '' : source.target.slice(slash + 1);
  try {
    const socket = await dial({ ...source, target: address, alpn: 'h2' }, signal);
    const scheme = source.tls ? 'https' : 'http';
    const answer = await withHttp2Session(socket, `${scheme}://${address}`, signal, (session) =>
      call(session, healthRequest(service)),
    );
    return concluded(source.target, answer);
  } catch (error) {
    const why = signal.aborted
      ? rpcError('DeadlineExceeded', 'context deadline exceeded')
      : rpcError('Unavailable', `connection error: desc = "transport: ${connecting(error)}"`);
    return { status: 'critical', output: why };
  }
}

interface GrpcAnswer {
  readonly httpStatus: number;
  /** Undefined where the server sent none. */
  readonly status: string | undefined;
  readonly message: string;
  readonly body: Buffer;
}

function concluded(target: string, { httpStatus, status, message, body }: GrpcAnswer): ProbeResult {
  if (httpStatus !== 200 || status === undefined) {
    const reason = `unexpected HTTP status code received from server: ${String(httpStatus)}`;
    return { status: 'critical', output: rpcError('Unknown', reason) };
  }
  if (status !== '0')
    return { status: 'critical', output: rpcError(CODES[Number(status)] ?? `Code(${status})`, message) };
  if (saysServing(body)) return { status: 'passing', output: `gRPC check ${target}: success` };
  return { status: 'critical', output: "gRPC application didn't report service healthy" };
}

function call(session: ClientHttp2Session, request: Buffer): Promise<GrpcAnswer> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': METHOD,
      'content-type': 'application/grpc',
      'user-agent': 'Consul Health Check',
      te: 'trailers',
    });
    let headers: IncomingHttpHeaders = {};
    const chunks: Buffer[] = [];
    let readBytes = 0;
    stream.on('response', (given) => {
      headers = given;
    });
    // An answer without a message has its status among the first headers.
    stream.on('trailers', (given: IncomingHttpHeaders) => {
      headers = { ...headers, ...given };
    });
    stream.on('data', (chunk: Buffer) => {
      readBytes += chunk.length;
      if (readBytes > MAX_RESPONSE_BYTES) stream.destroy(new Error('the answer is too long'));
      else chunks.push(chunk);
    });
    stream.on('error', reject);
    stream.on('end', () => {
      resolve({
        httpStatus: Number(headers[':status']),
        status: textOf(headers['grpc-status']),
        message: decoded(textOf(headers['grpc-message']) ?? ''),
        body: Buffer.concat(chunks),
      });
    });
    stream.end(request);
  });
}

function connecting(error: unknown): string {
  const text = goErrorText(error);
  return text.startsWith('dial ') ? `Error while dialing ${text}` : text;
}

function rpcError(code: string, description: string): string {
  return `rpc error: code = ${code} desc = ${description}`;
}

function textOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

/** gRPC sends messages percent-encoded. */
function decoded(message: string): string {
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}
