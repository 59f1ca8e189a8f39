import { destination, pino } from 'pino';

/** What the code logs through; a subset of pino's own interface. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(bindings: object): Logger;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** JSON lines on stderr; stdout is for the ready line alone. Tokens are redacted wherever they appear. */
export function createLogger(level: LogLevel): Logger {
  const redact = ['token', '*.token', 'headers.authorization', 'headers["x-consul-token"]'];
  return pino({ level, redact: { paths: redact, censor: '<redacted>' } }, destination(2));
}
