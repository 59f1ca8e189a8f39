export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** The parts of `host:port` or `[host]:port`, or Go's words for what is wrong with it. */
export function splitHostPort(text: string): HostPort | string {
  const match = /^(?:\[([^\]]*)\]|([^:]*)):([^:]*)$/.exec(text);
  if (match === null)
    return text.includes(':') && !text.endsWith(']')
      ? 'too many colons in address'
      : 'missing port in address';
  const [, bracketed, plain, digits = ''] = match;
  const port = Number(digits);
  if (!/^\d{1,5}$/.test(digits) || port > 65_535) return 'invalid port';
  return { host: bracketed ?? (plain || 'localhost'), port };
}
