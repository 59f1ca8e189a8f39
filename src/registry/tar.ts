/** A tar that cannot be read; worded as Consul words it. */
export class TarError extends Error {
  override readonly name = 'TarError';
}

const BLOCK_BYTES = 512;
const REGULAR_FILE = '0';

/** Packs files into a tar in POSIX ustar form (IEEE 1003.1); names of up to 100 ASCII characters. */
export function packTar(files: readonly (readonly [name: string, content: Buffer])[]): Buffer {
  const blocks = files.flatMap(([name, content]) => [header(name, content.length), padded(content)]);
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK_BYTES)]);
}

/** The files of a tar, of which only these are expected, and all of them. Throws `TarError`. */
export function unpackTar(tar: Buffer, expected: readonly string[]): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  let at = 0;
  while (at + BLOCK_BYTES <= tar.length) {
    const block = tar.subarray(at, at + BLOCK_BYTES);
    if (block.every((byte) => byte === 0)) break;
    if (octal(block, 148, 8) !== checksum(block))
      throw new TarError('failed reading snapshot: archive/tar: invalid tar header');
    const name = textAt(block, 0, 100);
    if (!expected.includes(name)) throw new TarError(`unexpected file "${name}" in snapshot`);
    const lengthBytes = octal(block, 124, 12);
    const start = at + BLOCK_BYTES;
    if (start + lengthBytes > tar.length) throw new TarError('failed reading snapshot: unexpected EOF');
    files.set(name, tar.subarray(start, start + lengthBytes));
    at = start + Math.ceil(lengthBytes / BLOCK_BYTES) * BLOCK_BYTES;
  }
  if (expected.some((name) => !files.has(name)))
    throw new TarError('failed reading snapshot: unexpected EOF');
  return files;
}

function header(name: string, lengthBytes: number): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  block.write(name, 0, 'latin1');
  block.write('0000600\0', 100, 'latin1');
  block.write('0000000\0', 108, 'latin1');
  block.write('0000000\0', 116, 'latin1');
  block.write(`${lengthBytes.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  block.write('00000000000\0', 136, 'latin1');
  block.write(REGULAR_FILE, 156, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  block.write(`${checksum(block).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

/** Sum of the header's bytes, those of the sum itself counted as spaces. */
function checksum(block: Buffer): number {
  return block.reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 0x20 : byte), 0);
}

function padded(content: Buffer): Buffer {
  const rest = content.length % BLOCK_BYTES;
  return rest === 0 ? content : Buffer.concat([content, Buffer.alloc(BLOCK_BYTES - rest)]);
}

function textAt(block: Buffer, start: number, length: number): string {
  const field = block.subarray(start, start + length);
  const end = field.indexOf(0);
  return field.subarray(0, end < 0 ? length : end).toString('latin1');
}

function octal(block: Buffer, start: number, length: number): number {
  const digits = textAt(block, start, length).trim();
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : -1;
}
