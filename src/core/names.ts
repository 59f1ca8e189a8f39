import { RollcallError } from './errors.ts';

const MAX_NAME_LENGTH = 1024;

/**
 * Refuses a name or id that no protocol could carry: NUL (it joins record keys), half a surrogate pair
 * (it has no UTF-8), or more than 1,024 characters.
 *
 * Throws `invalid_request`, naming `what`.
 */
export function requireName(what: string, name: string): void {
  if (name.length > MAX_NAME_LENGTH) {
    throw new RollcallError(
      'invalid_request',
      `${what} is longer than ${String(MAX_NAME_LENGTH)} characters`,
    );
  }
  if (name.includes('\0') || /\p{Surrogate}/u.test(name)) {
    throw new RollcallError('invalid_request', `${what} contains characters that are not text`);
  }
}
