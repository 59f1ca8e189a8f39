import { RE2JS, RE2JSSyntaxException } from 're2js';

/** Longer patterns cost more than anyone's filter is worth. */
const MAX_PATTERN_LENGTH = 256;
/** Instructions of the compiled pattern; matching takes at most time in proportion to them and the text. */
const MAX_PROGRAM_SIZE = 512;

/**
 * Compiles a regular expression in RE2's syntax to a test whether it occurs in a text.
 *
 * Matching takes time linear in the text, whatever the pattern. Patterns of more than 256 characters, or
 * that compile to more than 512 instructions, are refused. Throws an `Error` whose message is worded as Go's `regexp` does.
 */
export function compileRegexp(pattern: string): (text: string) => boolean {
  const regexp = bounded(pattern);
  return (text) => regexp.test(text);
}

/**
 * As `compileRegexp`, to the text that first matches and those of its groups ('' for one that takes no part);
 * undefined where nothing matches.
 */
export function compileGroups(pattern: string): (text: string) => readonly string[] | undefined {
  const regexp = bounded(pattern);
  return (text) => {
    const matcher = regexp.matcher(text);
    if (!matcher.find()) return undefined;
    return Array.from({ length: matcher.groupCount() + 1 }, (_, i) => matcher.group(i) ?? '');
  };
}

function bounded(pattern: string): RE2JS {
  if (pattern.length > MAX_PATTERN_LENGTH) throw syntaxError('expression too large', pattern);
  const regexp = parsed(pattern);
  if (regexp.programSize() > MAX_PROGRAM_SIZE) throw syntaxError('expression too large', pattern);
  return regexp;
}

function parsed(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    if (error instanceof RE2JSSyntaxException) throw syntaxError(error.error, error.input ?? '');
    throw error;
  }
}

function syntaxError(reason: string, part: string): Error {
  return new Error(`error parsing regexp: ${reason}: \`${part}\``);
}
