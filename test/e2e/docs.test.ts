import { expect } from 'chai';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { startRollcall, type RollcallProcess } from '../support/rollcall-process.ts';

interface Content {
  readonly content: Readonly<Record<string, { readonly example?: unknown }>>;
}

interface OpenApi {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { requestBody?: Content; responses: Record<string, Content> }>>>
  >;
}

const ROOT = resolve(import.meta.dirname, '../..');
const PAGES = ['README.md', 'docs/ring.md', 'docs/native-api.md', 'docs/dns.md'];
const TIMEOUT_MS = 60_000;
/** Examples of other commands, which start something, are not run here. */
const CLIENT = /^(curl|dig|for|node dist\/main\.js) /;

/**
 * An answer that is no success ends the script, as does one that is empty where dig asks. A stream is read for a
 * second: ending it then is no fault, having read nothing is.
 */
const PRELUDE = `
set -eu
curl() {
  case " $* " in
    *' -N '*)
      local read
      read=$(command curl -sS --fail-with-body --max-time 1 "$@" || true)
      [ -n "$read" ] ;;
    *) command curl -sS --fail-with-body --max-time 20 "$@" > /dev/null ;;
  esac
}
dig() {
  if command -v dig > /dev/null; then [ -n "$(command dig +short +time=5 "$@")" ]; fi
}
node() { "$NODE" "$@" > /dev/null; }
`;

/** The shell examples of a page that are for a client of a running node. */
function examples(page: string): string[] {
  const text = readFileSync(join(ROOT, page), 'utf8');
  const blocks = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block);
  return blocks.filter((block) => CLIENT.test(block));
}

describe('examples in the docs', function () {
  this.timeout(TIMEOUT_MS);
  const data = mkdtempSync(join(tmpdir(), 'rollcall-docs-'));
  let node: RollcallProcess | undefined;

  before(function () {
    const isThere = (program: string) => spawnSync(program, ['--version']).error === undefined;
    if (process.env['CI'] !== 'true' && !(isThere('bash') && isThere('curl'))) this.skip();
  });

  afterEach(async () => {
    await node?.stop();
    node = undefined;
  });

  after(() => rmSync(data, { recursive: true, force: true }));

  /** Where a line fails, the error has the script as it was traced up to there. */
  async function run(script: string, { url, httpPort, dnsPort }: RollcallProcess): Promise<void> {
    const here = script
      .replaceAll('127.0.0.1:8500', `127.0.0.1:${String(httpPort)}`)
      .replaceAll('-p 8600', `-p ${String(dnsPort)}`);
    const env = { ...process.env, NODE: process.execPath, ROLLCALL_URL: url };
    await promisify(execFile)('bash', ['-x', '-c', PRELUDE + here], { cwd: ROOT, env, timeout: TIMEOUT_MS });
  }

  for (const page of PAGES) {
    it(`of ${page} do what they show, from top to bottom on a node that has just started`, async () => {
      const found = examples(page);
      expect(found).to.have.length.of.at.least(1);
      node = await startRollcall({ DATA_DIR: join(data, page) });
      await run(found.join('\n'), node);
    });
  }

  it('of openapi/native.yaml are what the ring answers whose instances docs/ring.md registers', async () => {
    node = await startRollcall({ DATA_DIR: join(data, 'openapi') });
    await run(examples('docs/ring.md')[0] ?? '', node);
    const { paths } = parse(readFileSync(join(ROOT, 'openapi/native.yaml'), 'utf8')) as OpenApi;
    const compact = 'application/vnd.rollcall.ring+json';
    const asked: [path: string, method: 'get' | 'post', query: string, accept: string][] = [
      ['owner', 'get', '?key=user-42&replicas=2', 'application/json'],
      ['ring', 'get', '', 'application/json'],
      ['ring', 'get', '', compact],
      ['ring/lookup', 'post', '', 'application/json'],
    ];
    for (const [path, method, query, accept] of asked) {
      const { requestBody, responses } = paths[`/api/v1/services/{service}/${path}`]?.[method] ?? {};
      const body = requestBody && JSON.stringify(requestBody.content['application/json']?.example);
      const url = `${node.url}/api/v1/services/cart/${path}${query}`;
      const init = { method, headers: { Accept: accept }, ...(body !== undefined && { body }) };
      const answer: unknown = await (await fetch(url, init)).json();
      expect(answer, `${path} as ${accept}`).to.deep.equal(responses?.['200']?.content[accept]?.example);
    }
  });
});
