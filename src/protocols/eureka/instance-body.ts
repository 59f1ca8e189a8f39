import type { RouteResponse } from '../../http/index.ts';
import { decodeInstance, MalformedInstanceError, type SubmittedInstance } from './instance-decoder.ts';
import { readInstanceJson } from './json-reader.ts';
import { body, type BodyType } from './negotiation.ts';
import { readInstanceXml } from './xml-reader.ts';

/** The instance in a request's body; undefined where the body is not one. */
export function readInstance(
  bytes: Uint8Array,
  { format, charset }: BodyType,
  now: number,
): SubmittedInstance | undefined {
  return unlessMalformed(() => {
    const text = charset === 'latin1' ? Buffer.from(bytes).toString('latin1') : readUtf8(bytes);
    return decodeInstance(format === 'xml' ? readInstanceXml(text) : readInstanceJson(text), now);
  });
}

/** The instance in a JSON value that has been read already; undefined where it is not one. */
export function readValue(value: unknown, now: number): SubmittedInstance | undefined {
  return unlessMalformed(() => decodeInstance(value, now));
}

function unlessMalformed(read: () => SubmittedInstance): SubmittedInstance | undefined {
  try {
    return read();
  } catch (error) {
    // A RangeError is a value nested deeper than the stack.
    if (error instanceof MalformedInstanceError || error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Refuses a body that is not what it should be. */
export function unreadable({ format }: Pick<BodyType, 'format'>): RouteResponse {
  const message = 'cannot parse request body';
  return body(
    format,
    400,
    format === 'json' ? `{"error": "${message}"}` : `<error><message>${message}</message></error>`,
  );
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function readUtf8(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new MalformedInstanceError('the body is not UTF-8');
  }
}
