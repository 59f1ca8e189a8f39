import { destination, pino } from 'pino';
import type { LogTap } from './log-tap.ts';

/** What the code logs through; a subset of pino's own interface. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(bindings: object): Logger;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/**
 * JSON lines on stderr, and to `tap`; stdout is for the ready line alone. Tokens are redacted wherever they appear.
 */
export function createLogger(level: LogLevel, tap?: LogTap): Logger {
  const redact = ['token', '*.token', 'headers.authorization', 'headers["x-consul-token"]'];
  const stderr = destination(2);
  const both = (line: string) => {
    stderr.write(line);
    tap?.write(line);
  };
  const options = { level, redact: { paths: redact, censor: '<redacted>' } };
  return pino(options, tap === undefined ? stderr : { write: both });
}
