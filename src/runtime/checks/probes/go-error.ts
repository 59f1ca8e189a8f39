/** Go's words for what a system call reports. */
const ERRNO: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EADDRNOTAVAIL: 'cannot assign requested address',
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset by peer',
  EHOSTUNREACH: 'no route to host',
  EINVAL: 'invalid argument',
  EMFILE: 'too many open files',
  ENETUNREACH: 'network is unreachable',
  EPIPE: 'broken pipe',
  ETIMEDOUT: 'connection timed out',
};

const UNVERIFIED = 'tls: failed to verify certificate: x509: ';
const UNKNOWN_AUTHORITY = `${UNVERIFIED}certificate signed by unknown authority`;
const NOT_NOW = `${UNVERIFIED}certificate has expired or is not yet valid`;

/** Go's words for what TLS and HTTP report. */
const PROTOCOL: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: NOT_NOW,
  CERT_NOT_YET_VALID: NOT_NOW,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  HPE_HEADER_OVERFLOW: 'net/http: server response headers exceeded their limit; aborted',
};

interface Failure {
  readonly code: string;
  readonly syscall: string;
  readonly message: string;
  readonly host: string;
  readonly address: string;
  readonly port: string;
}

/**
 * What went wrong on a connection, as Go's `net` words it.
 *
 * Compat(consul): the output of a failed check is Go's error text; alerts and people match on it.
 */
export function goErrorText(error: unknown): string {
  // One failure for each address tried; Go shows the first.
  if (error instanceof AggregateError && error.errors.length > 0) return goErrorText(error.errors[0]);
  const { code, syscall, message, host, address, port } = failureOf(error);
  const errno = ERRNO[code];
  if (syscall === 'connect' && errno !== undefined) {
    return `dial tcp ${joinHostPort(address, port)}: connect: ${errno}`;
  }
  if (syscall === 'getaddrinfo') {
    return `dial tcp: lookup ${host}: ${code === 'ENOTFOUND' ? 'no such host' : 'server misbehaving'}`;
  }
  if (message === 'socket hang up') return 'EOF';
  if (errno !== undefined && syscall !== '') return `${syscall}: ${errno}`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `${UNVERIFIED}certificate is not valid for this name`;
  if (/wrong version number|packet length too long/.test(message)) {
    return 'tls: first record does not look like a TLS handshake';
  }
  const known = PROTOCOL[code];
  if (known !== undefined) return known;
  return code.startsWith('HPE_') ? `malformed HTTP response: ${message}` : message;
}

/** As Go's `net.JoinHostPort`. */
export function joinHostPort(host: string, port: string): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function failureOf(error: unknown): Failure {
  const text = (name: string) => {
    const value: unknown = error instanceof Error ? Reflect.get(error, name) : undefined;
    return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  };
  return {
    code: text('code'),
    syscall: text('syscall'),
    message: error instanceof Error ? error.message : String(error),
    host: text('hostname'),
    address: text('address'),
    port: text('port'),
  };
}
