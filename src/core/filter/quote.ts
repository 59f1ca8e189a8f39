const NAMED_ESCAPES: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '"': '\\"',
  '\\': '\\\\',
};

/** The text in double quotes, what cannot be printed escaped. */
export function quote(text: string): string {
  return `"${text.replace(/["\\]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, escaped)}"`;
}

function escaped(character: string): string {
  const named = NAMED_ESCAPES[character];
  if (named !== undefined) return named;
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code < 0x80) return `\\x${hex.padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

/** A run of anything but escapes, a named escape, a run of bytes, a code point, or what is none of these. */
const TOKEN =
  /[^\\]+|\\([abfnrtv\\])|((?:\\x[0-9a-fA-F]{2}|\\[0-3][0-7]{2})+)|\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})|\\/g;

/**
 * What a string literal stands for; undefined if it is malformed.
 *
 * Raw ones, in backquotes, lose their carriage returns and nothing else. In the others `\a \b \f \n \r
 * \t \v \\ \xHH \OOO \uHHHH \UHHHHHHHH` are escapes, `\xHH` and `\OOO` of one UTF-8 byte.
 */
export function unquote(literal: string): string | undefined {
  const body = literal.slice(1, -1);
  if (literal.startsWith('`')) return body.replaceAll('\r', '');
  if (body.includes('\n')) return undefined;
  let text = '';
  for (const [token, name, bytes, short, long] of body.matchAll(TOKEN)) {
    const meant = token.startsWith('\\') ? unescaped(name, bytes, short ?? long) : token;
    if (meant === undefined) return undefined;
    text += meant;
  }
  return text;
}

function unescaped(name?: string, bytes?: string, codePoint?: string): string | undefined {
  if (name !== undefined)
    return Object.keys(NAMED_ESCAPES).find((character) => NAMED_ESCAPES[character] === `\\${name}`);
  if (bytes !== undefined) return decodeBytes(bytes);
  const code = parseInt(codePoint ?? '', 16);
  const isCharacter = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
  return isCharacter ? String.fromCodePoint(code) : undefined;
}

/** Bytes that are no UTF-8 become U+FFFD each. */
function decodeBytes(escapes: string): string {
  const bytes = escapes
    .slice(1)
    .split('\\')
    .map((escape) => (escape.startsWith('x') ? parseInt(escape.slice(1), 16) : parseInt(escape, 8)));
  try {
    return decodeURIComponent(bytes.map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''));
  } catch {
    return bytes.map((byte) => (byte < 0x80 ? String.fromCharCode(byte) : '\ufffd')).join('');
  }
}
