import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Paths of PEM files: an authority, and a certificate of it for 127.0.0.1 and localhost. */
export interface Certificates {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

const directories: string[] = [];
process.on('exit', () => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

/** Makes an authority of its own and one certificate, good for servers and clients, in a temporary directory. */
export function makeCertificates(): Certificates {
  const directory = mkdtempSync(join(tmpdir(), 'rollcall-tls-'));
  directories.push(directory);
  const file = (name: string): string => join(directory, name);
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { stdio: 'ignore', timeout: 20_000 });
  };
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const [ca, caKey, cert, key] = [file('ca.pem'), file('ca.key'), file('node.pem'), file('node.key')];
  openssl(
    ...['req', '-x509', ...newKey, '-days', '2', '-subj', '/CN=Test CA', '-keyout', caKey, '-out', ca],
    ...['-addext', 'basicConstraints=critical,CA:TRUE'],
  );
  openssl(
    ...['req', '-x509', ...newKey, '-days', '2', '-subj', '/CN=node', '-CA', ca, '-CAkey', caKey],
    ...['-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost', '-keyout', key, '-out', cert],
    ...['-addext', 'basicConstraints=critical,CA:FALSE'],
  );
  return { ca, cert, key };
}

/** The files' contents, as Node's TLS takes them. */
export function readCertificates({ ca, cert, key }: Certificates): { ca: Buffer; cert: Buffer; key: Buffer } {
  return { ca: readFileSync(ca), cert: readFileSync(cert), key: readFileSync(key) };
}
