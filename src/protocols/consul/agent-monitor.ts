import { PassThrough } from 'node:stream';
import type { Route, RouteRequest, RouteResponse } from '../../http/index.ts';
import { plainText } from './answers.ts';
import { get, type ConsulContext } from './context.ts';
import { badRequest } from './errors.ts';
import { isObject } from './go-decode.ts';

/** Levels by Consul's names, as numbers of the log's own scale. */
const LEVELS: Readonly<Record<string, number>> = {
  trace: 10,
  debug: 20,
  info: 30,
  warn: 40,
  err: 50,
  error: 50,
};
const DEFAULT_LEVEL = 'info';
/** What a client is behind by is dropped beyond this. */
const MAX_BUFFERED_BYTES = 262_144;

/** The log of this registry node as it is written, from its own level upwards, until the client goes. */
export function agentMonitorRoutes({ options }: ConsulContext): Route[] {
  return [
    get('/v1/agent/monitor', (request): RouteResponse => {
      const name = request.query.get('loglevel') || DEFAULT_LEVEL;
      const key = name.toLowerCase();
      const level = Object.hasOwn(LEVELS, key) ? LEVELS[key] : undefined;
      if (level === undefined) throw badRequest(`Unknown log level: ${name}`);
      const stream = follow(options.logs, request, level);
      const { status, headers } = plainText(200, '');
      return { status, headers: headers ?? {}, stream };
    }),
  ];
}

function follow(logs: ConsulContext['options']['logs'], request: RouteRequest, level: number): PassThrough {
  const asJson = request.query.has('logjson');
  const stream = new PassThrough({ highWaterMark: MAX_BUFFERED_BYTES });
  const unsubscribe = logs?.subscribe((line) => {
    const entry: unknown = JSON.parse(line);
    if (!isObject(entry) || Number(entry['level']) < level || stream.writableNeedDrain) return;
    stream.write(asJson ? line : readable(entry));
  });
  const end = () => {
    unsubscribe?.();
    stream.end();
  };
  stream.once('close', end);
  if (logs === undefined) end();
  request.signal.addEventListener('abort', end, { once: true });
  return stream;
}

/** A line as Consul's log has it. */
function readable({
  level,
  time,
  msg,
  pid: _pid,
  hostname: _host,
  ...fields
}: Readonly<Record<string, unknown>>) {
  const [name = 'INFO'] = Object.entries(LEVELS).find(([, value]) => value >= Number(level)) ?? ['error'];
  const shown = Object.entries(fields).map(([key, value]) => ` ${key}=${textOf(value)}`);
  const tail = shown.length === 0 ? '' : `:${shown.join('')}`;
  const label = `[${name === 'err' ? 'ERROR' : name.toUpperCase()}]`.padEnd(7);
  return `${new Date(Number(time)).toISOString()} ${label} agent: ${String(msg)}${tail}\n`;
}

function textOf(value: unknown): string {
  // Of an error, what it says; its stack is for the log itself.
  const shown = isObject(value) && typeof value['message'] === 'string' ? value['message'] : value;
  const text = typeof shown === 'string' ? shown : JSON.stringify(shown);
  return /[\s"]/.test(text) ? JSON.stringify(text) : text;
}
