import { StoreError } from '../store.ts';

/** What a lost reply leaves open: whether a `write` was applied; after a `read` there is no doubt. */
export type Effect = 'read' | 'write';

/** Replies by which Redis refuses a command before it has any effect. */
const REFUSALS = new Set([
  ...['READONLY', 'LOADING', 'MASTERDOWN', 'CLUSTERDOWN', 'MOVED', 'ASK', 'TRYAGAIN', 'CROSSSLOT'],
  ...['NOREPLICAS', 'OOM', 'MISCONF', 'BUSY', 'NOAUTH', 'WRONGPASS', 'NOPERM', 'FORMAT'],
]);

/**
 * Turns whatever the Redis client threw into a `StoreError`.
 *
 * The client attaches the command's arguments to its errors; they hold record values, so neither
 * they nor the error itself are kept, only its message.
 */
export function toStoreError(error: unknown, effect: Effect): StoreError {
  if (error instanceof StoreError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const code = replyCode(error, message);
  if (code === 'EPOCH') return new StoreError('epoch_changed', 'Redis holds another epoch');
  const refused = code === undefined ? isUnsent(message) : REFUSALS.has(code);
  return new StoreError(
    refused || effect === 'read' ? 'unavailable' : 'unknown_outcome',
    `Redis: ${message}`,
  );
}

/** Whether the reply of a server says that it does not know a script. */
export function isNoScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT');
}

/** Whether a command got no reply within the client's deadline. */
export function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.message === 'Command timed out';
}

/** Whether the server itself answered, if only with an error. */
export function isReply(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError';
}

/** Whether a server answered that it is not the primary of what was asked for. */
export function isMisplaced(error: unknown): boolean {
  return (
    isReply(error) && /^(READONLY|MOVED|ASK|MASTERDOWN) /.test(error instanceof Error ? error.message : '')
  );
}

function replyCode(error: unknown, message: string): string | undefined {
  if (!isReply(error)) return undefined;
  // Redis 6 wraps an error that was raised inside a script: "ERR Error running script ...: -OOM command ...".
  const wrapped = /^ERR Error running script .*: -([A-Z]+) /.exec(message);
  return wrapped?.[1] ?? message.split(' ', 1)[0];
}

function isUnsent(message: string): boolean {
  return message.startsWith("Stream isn't writeable");
}
