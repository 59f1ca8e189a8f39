import { MalformedInstanceError } from './instance-decoder.ts';

/** What `{"instance": ...}` holds. Throws `MalformedInstanceError`. */
export function readInstanceJson(text: string): unknown {
  try {
    const root: unknown = JSON.parse(text);
    if (typeof root === 'object' && root !== null && 'instance' in root) return root.instance;
  } catch {
    throw new MalformedInstanceError('the JSON is not well-formed');
  }
  throw new MalformedInstanceError('the root is not "instance"');
}
