/** Letters that every XML 1.0 parser takes in a name; the fourth and the fifth edition differ on others. */
const LETTER = String.raw`A-Za-z\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u00FF\u4E00-\u9FA5`;
const ILLEGAL_IN_NAME = new RegExp(`[^${LETTER}0-9.-]`, 'g');
const ILLEGAL_AT_START = new RegExp(`^[^${LETTER}_]`);

/**
 * A metadata key as an element name, in the escapes of XStream's `XmlFriendlyNameCoder`.
 *
 * `_` is `__`, `$` is `_-`, everything else that is illegal in a name is `_.` and four hex digits. So
 * is `:`, which XML takes for a namespace prefix.
 */
export function escapeName(key: string): string {
  const escaped = key.replace(ILLEGAL_IN_NAME, (char) =>
    char === '_' ? '__' : char === '$' ? '_-' : codeOf(char),
  );
  return escaped.replace(ILLEGAL_AT_START, codeOf);
}

/** What `escapeName` was given. */
export function unescapeName(name: string): string {
  return name.replace(/_(?:_|-|\.([0-9A-Fa-f]{4}))/g, (escape, hex: string | undefined) => {
    if (hex !== undefined) return String.fromCharCode(parseInt(hex, 16));
    return escape === '__' ? '_' : '$';
  });
}

function codeOf(char: string): string {
  return `_.${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

const SPECIAL: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\r': '&#xd;',
};

/** Text as XML content, without the characters that XML 1.0 cannot carry at all. */
export function escapeText(text: string): string {
  // Most texts have nothing special in them.
  if (/^[\w ./:-]*$/.test(text)) return text;
  return text
    .replace(/\p{Surrogate}|[\p{Cc}\uFFFE\uFFFF]/gu, (char) => (isCarried(char) ? char : ''))
    .replace(/[&<>"'\r]/g, (char) => SPECIAL[char] ?? char);
}

/** Control characters from U+007F on are legal in XML 1.0, and of those before it only three. */
function isCarried(char: string): boolean {
  const code = char.charCodeAt(0);
  return char === '\t' || char === '\n' || char === '\r' || (code >= 0x7f && code < 0xa0);
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const MAX_CODE_POINT = 0x10ffff;

/** Content as text: the five entities of XML and character references. Throws a `SyntaxError` for any other. */
export function unescapeText(content: string): string {
  return content.replace(/&([^;&]*);?/g, (_reference, entity: string) => {
    const numeric = /^#(?:x([0-9A-Fa-f]+)|([0-9]+))$/.exec(entity);
    const code =
      numeric === null
        ? undefined
        : parseInt(numeric[1] ?? numeric[2] ?? '', numeric[1] === undefined ? 10 : 16);
    if (code !== undefined && code <= MAX_CODE_POINT) return String.fromCodePoint(code);
    const known = Object.hasOwn(ENTITIES, entity) ? ENTITIES[entity] : undefined;
    if (known === undefined) throw new SyntaxError('unknown entity');
    return known;
  });
}
