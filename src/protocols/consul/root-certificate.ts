import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import type { Random } from '../../platform/random.ts';
import { der } from './der.ts';

const ECDSA_WITH_SHA256 = der.sequence(der.oid('1.2.840.10045.4.3.2'));
const COMMON_NAME = '2.5.4.3';
const YEARS = 10;
const MS_PER_SECOND = 1000;

export interface Root {
  /** Names the trust domain: `<clusterId>.consul`. */
  readonly clusterId: string;
  readonly pem: string;
}

/**
 * A self-signed certificate (RFC 5280) of an ECDSA P-256 authority, good for ten years.
 *
 * Its private key is thrown away: nothing here signs anything with it.
 */
export function createRoot(now: Date, random: Random): Root {
  const clusterId = random.uuid();
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const name = commonName(`pri-${random.uuid().slice(0, 8)}.consul.ca.${clusterId.slice(0, 8)}.consul`);
  const from = new Date(Math.floor(now.getTime() / MS_PER_SECOND) * MS_PER_SECOND);
  const until = new Date(from);
  until.setUTCFullYear(until.getUTCFullYear() + YEARS);
  const body = der.sequence(
    der.context(0, true, der.integer(2)),
    der.integer(1 + Math.floor(random.fraction() * 2 ** 31)),
    ECDSA_WITH_SHA256,
    name,
    der.sequence(der.time(from), der.time(until)),
    name,
    spki,
    der.context(3, true, der.sequence(...extensions(keyId(spki), clusterId))),
  );
  const signature = sign('sha256', body, privateKey);
  const certificate = der.sequence(body, ECDSA_WITH_SHA256, der.bits(signature));
  return { clusterId, pem: pemOf(certificate) };
}

/** What names a key, of its public half in DER. */
export function keyId(spki: Buffer): Buffer {
  return createHash('sha256').update(spki).digest();
}

function extensions(id: Buffer, clusterId: string): Buffer[] {
  const [digitalSignature, keyCertSign, crlSign] = [0x80, 0x04, 0x02];
  const usage = Buffer.from([digitalSignature + keyCertSign + crlSign]);
  const extension = (oid: string, isCritical: boolean, value: Buffer) =>
    der.sequence(der.oid(oid), ...(isCritical ? [der.boolean(true)] : []), der.octets(value));
  return [
    extension('2.5.29.15', true, der.bits(usage, 1)),
    extension('2.5.29.19', true, der.sequence(der.boolean(true))),
    extension('2.5.29.14', false, der.octets(id)),
    extension('2.5.29.35', false, der.sequence(der.context(0, false, id))),
    extension(
      '2.5.29.17',
      false,
      der.sequence(der.context(6, false, Buffer.from(`spiffe://${clusterId}.consul`))),
    ),
  ];
}

function commonName(name: string): Buffer {
  return der.sequence(der.set(der.sequence(der.oid(COMMON_NAME), der.utf8(name))));
}

function pemOf(certificate: Buffer): string {
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}
