/** Status of a service in `grpc.health.v1`; anything else is a status that this program does not know. */
const SERVING = 1;
const FRAME_HEADER_BYTES = 5;

/** A `HealthCheckRequest` for one service ('' = the whole server), framed as gRPC frames messages. */
export function healthRequest(service: string): Buffer {
  const name = Buffer.from(service, 'utf8');
  // Field 1, length-delimited; a default value is not sent.
  const message = name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a]), varint(name.length), name]);
  const header = Buffer.alloc(FRAME_HEADER_BYTES);
  header.writeUInt32BE(message.length, 1);
  return Buffer.concat([header, message]);
}

/** Whether framed bytes hold an uncompressed `HealthCheckResponse` that says SERVING. */
export function saysServing(frame: Buffer): boolean {
  if (frame.length < FRAME_HEADER_BYTES || frame[0] !== 0) return false;
  const end = FRAME_HEADER_BYTES + frame.readUInt32BE(1);
  if (frame.length < end) return false;
  return statusField(frame.subarray(FRAME_HEADER_BYTES, end)) === SERVING;
}

/** Field 1 of a message as a varint, 0 where it is absent; the last one wins. Undefined for broken bytes. */
function statusField(message: Buffer): number | undefined {
  let status: number | undefined = 0;
  let at = 0;
  const next = (): number => {
    let value = 0;
    for (let factor = 1; at < message.length && factor < 2 ** 50; factor *= 128) {
      const byte = message[at++] ?? 0;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    at = message.length + 1;
    return 0;
  };
  while (at < message.length) {
    const tag = next();
    const wireType = tag % 8;
    if (wireType === 0) {
      const value = next();
      if (tag >> 3 === 1) status = value;
    } else if (wireType === 2) {
      const lengthBytes = next();
      at += lengthBytes;
    } else if (wireType === 1) at += 8;
    else if (wireType === 5) at += 4;
    else return undefined;
  }
  return at === message.length ? status : undefined;
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    bytes.push(rest < 128 ? rest : (rest % 128) + 128);
    if (rest < 128) return Buffer.from(bytes);
  }
}
