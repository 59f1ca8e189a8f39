import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

interface Options {
  /** Whether the server listens on its machine's own address alone. */
  readonly isLoopback: boolean;
  /** Names, in lower case, by which the server is called besides those that are nobody else's. */
  readonly hosts: readonly string[];
}

const READS = ['GET', 'HEAD', 'OPTIONS'];

/**
 * Keeps web pages of elsewhere from using the registry through the browser of somebody who reaches it.
 *
 * A page can send simple requests anywhere, and can have its own name resolve to the registry's address ("DNS
 * rebinding"); but it has no say in `Host` and `Origin`. Other programs than browsers send no `Origin`.
 */
export class BrowserGuard {
  readonly #options: Options;
  /** The last `Host` that was the server's, which the next one nearly always is too. */
  #lastHost: string | undefined;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Whether a request may be from a page that has no business here. */
  refuses(request: IncomingMessage): boolean {
    const host = hostOf(request);
    if (host !== this.#lastHost) {
      if (this.#options.isLoopback && !this.#isOwn(nameOf(host))) return true;
      this.#lastHost = host;
    }
    // Reads have no effects, and a page of another origin gets no answer to see.
    if (READS.includes(request.method ?? '')) return false;
    const { origin } = request.headers;
    return origin !== undefined && !this.#isOwnOrigin(origin, host);
  }

  #isOwnOrigin(origin: string, host: string): boolean {
    const [, authority = ''] = /^https?:\/\/([^/]+)$/i.exec(origin) ?? [];
    const name = nameOf(authority);
    if (this.#options.hosts.includes(name)) return true;
    return authority.toLowerCase() === host.toLowerCase() && this.#isOwn(name);
  }

  /** Whether no page of elsewhere can have this name: addresses, names that no public DNS has, and those set. */
  #isOwn(name: string): boolean {
    return (
      isIP(name) !== 0 ||
      !name.includes('.') ||
      name.endsWith('.localhost') ||
      this.#options.hosts.includes(name)
    );
  }
}

/** Reading the raw headers spares ordinary requests the making of an object. */
function hostOf({ rawHeaders }: IncomingMessage): string {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    if (name.length === 4 && name.toLowerCase() === 'host') return rawHeaders[i + 1] ?? '';
  }
  return '';
}

/** The name or address in `name:port`, `[address]:port` and the like, in lower case. */
function nameOf(authority: string): string {
  const name = authority.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '');
  return name.startsWith('[') && name.endsWith(']') ? name.slice(1, -1) : name;
}
