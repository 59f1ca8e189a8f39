import { Resolver } from 'node:dns/promises';

/** Asks one DNS server by node's own resolver; an absent name answers []. */
export class DnsLookup {
  readonly #resolver = new Resolver({ timeout: 2000, tries: 3 });

  constructor(port: number) {
    this.#resolver.setServers([`127.0.0.1:${String(port)}`]);
  }

  async a(name: string): Promise<string[]> {
    return absentAsEmpty(this.#resolver.resolve4(name));
  }

  /** `port target` of each SRV record, sorted. */
  async srv(name: string): Promise<string[]> {
    const records = await absentAsEmpty(this.#resolver.resolveSrv(name));
    return records.map(({ port, name: target }) => `${String(port)} ${target}`).sort();
  }
}

async function absentAsEmpty<T>(answer: Promise<T[]>): Promise<T[]> {
  try {
    return await answer;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOTFOUND' || code === 'ENODATA') return [];
    throw error;
  }
}
