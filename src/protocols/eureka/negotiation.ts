import type { IncomingHttpHeaders } from 'node:http';
import type { RouteRequest, RouteResponse } from '../../http/index.ts';
import { zip } from './shared-answers.ts';

export type Format = 'json' | 'xml';

const CONTENT_TYPES: Readonly<Record<Format, string>> = { json: 'application/json', xml: 'application/xml' };

/** JSON where the client names it, else XML: Prometheus and Python clients name nothing. */
export function acceptedFormat({ accept }: IncomingHttpHeaders): Format {
  return /application\/json|\+json/i.test(accept ?? '') ? 'json' : 'xml';
}

export function acceptsGzip(headers: IncomingHttpHeaders): boolean {
  return headers['accept-encoding']?.includes('gzip') ?? false;
}

/** Whether many instances are wanted with only what it takes to call them. */
export function isCompact(headers: IncomingHttpHeaders): boolean {
  return headers['x-eureka-accept'] === 'compact';
}

export interface BodyType {
  readonly format: Format;
  readonly charset: 'utf-8' | 'latin1';
}

/** What a body says it is; undefined where that is not something an instance can be read from. */
export function bodyType(headers: IncomingHttpHeaders): BodyType | undefined {
  const [type = '', ...parameters] = (headers['content-type'] ?? '').toLowerCase().split(';');
  const format = (['json', 'xml'] as const).find((each) => CONTENT_TYPES[each] === type.trim());
  const charset = parameters
    .map((each) => /^\s*charset\s*=\s*"?([^"\s]*)"?\s*$/.exec(each)?.[1])
    .find((each) => each !== undefined);
  if (format === undefined) return undefined;
  if (charset === undefined || charset === 'utf-8' || charset === 'utf8') return { format, charset: 'utf-8' };
  return charset === 'iso-8859-1' ? { format, charset: 'latin1' } : undefined;
}

/** An answer without a body; Eureka labels these too. */
export function empty(request: RouteRequest, status: number): RouteResponse {
  return { status, headers: { 'Content-Type': CONTENT_TYPES[acceptedFormat(request.headers)] } };
}

export function body(format: Format, status: number, text: string): RouteResponse {
  return { status, headers: { 'Content-Type': CONTENT_TYPES[format] }, body: text };
}

/** An answer to a GET, zipped already where the request accepts that. */
export function readable(request: RouteRequest, bytes: Uint8Array): RouteResponse {
  const headers: Record<string, string> = {
    'Content-Type': CONTENT_TYPES[acceptedFormat(request.headers)],
    Vary: 'Accept-Encoding',
  };
  if (acceptsGzip(request.headers)) headers['Content-Encoding'] = 'gzip';
  return { status: 200, headers, body: bytes };
}

/** As `readable`, zipping the text where that is wanted. */
export async function readableText(request: RouteRequest, text: string): Promise<RouteResponse> {
  const bytes = Buffer.from(text);
  return readable(request, acceptsGzip(request.headers) ? await zip(bytes) : bytes);
}
