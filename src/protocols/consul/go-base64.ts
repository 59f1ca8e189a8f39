const ALPHABET = /[A-Za-z0-9+/]/;

/** Text that is no base64; `message` is worded as Go's `encoding/base64` does. */
export class Base64Error extends Error {
  constructor(at: number) {
    super(`illegal base64 data at input byte ${String(at)}`);
    this.name = 'Base64Error';
  }
}

/** Decodes padded base64, line breaks in it ignored. Throws `Base64Error` where Go would. */
export function decodeBase64(text: string): Uint8Array {
  requireBase64(text);
  return new Uint8Array(Buffer.from(text.replace(/[\r\n]/g, ''), 'base64'));
}

function requireBase64(text: string): void {
  const places = [...text.matchAll(/[^\r\n]/g)].map(({ 0: char, index }) => ({ char, index }));
  for (let start = 0; start < places.length; start += 4) {
    const group = places.slice(start, start + 4);
    const bad = group.findIndex(({ char }) => !ALPHABET.test(char));
    if (bad < 0 && group.length === 4) continue;
    if (bad < 0) throw new Base64Error(text.length - group.length);
    const { char, index } = group[bad] ?? { char: '', index: 0 };
    if (char !== '=' || bad < 2) throw new Base64Error(index);
    const next = bad === 2 ? group[3] : group[bad];
    if (next === undefined) throw new Base64Error(text.length);
    if (next.char !== '=') throw new Base64Error(next.index);
    const trailing = places[start + 4];
    if (trailing !== undefined) throw new Base64Error(trailing.index);
  }
}
