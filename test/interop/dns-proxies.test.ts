import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { DnsLookup } from '../support/dns-lookup.ts';
import { eventually } from '../support/eventually.ts';
import {
  cleanUp,
  startRollcall,
  temporaryDirectory,
  type RollcallProcess,
} from '../support/rollcall-process.ts';
import { freePort } from './dns-consul-server.ts';
import {
  available,
  deregister,
  register,
  routedTo,
  setStatus,
  startBackend,
  startProgram,
  type Backend,
  type Program,
} from './dns-programs.ts';

const run = promisify(execFile);
const FOLLOWS_WITHIN_MS = 20_000;

describe('interop: DNS for proxies and resolvers', function () {
  this.timeout(120_000);
  let rollcall: RollcallProcess;
  let directory: string;
  const backends: Backend[] = [];
  const programs: Program[] = [];

  beforeEach(async () => {
    directory = await temporaryDirectory();
    rollcall = await startRollcall({ DATA_DIR: join(directory, 'data') });
  });
  afterEach(async () => {
    await Promise.all([...programs.splice(0), ...backends.splice(0)].map((each) => each.stop()));
    await cleanUp();
  });

  async function backend(...args: Parameters<typeof startBackend>): Promise<Backend> {
    const started = await startBackend(...args);
    backends.push(started);
    return started;
  }

  function write(name: string, lines: readonly string[]): string {
    const path = join(directory, name);
    writeFileSync(path, `${lines.join('\n')}\n`);
    return path;
  }

  const follows = (port: number, names: readonly string[]) =>
    eventually(
      async () => (await routedTo(port)).join() === names.join(),
      `traffic goes to ${names.join()}`,
      FOLLOWS_WITHIN_MS,
    );

  /** Instances come, fail, recover and go; the traffic must follow each time. */
  async function comeAndGo(port: number, [a, b, c]: readonly [Backend, Backend, Backend]): Promise<void> {
    await register(rollcall, a);
    await follows(port, ['a']);
    await register(rollcall, b);
    await register(rollcall, c);
    await follows(port, ['a', 'b', 'c']);
    await setStatus(rollcall, b, 'critical');
    await follows(port, ['a', 'c']);
    await setStatus(rollcall, b, 'passing');
    await follows(port, ['a', 'b', 'c']);
    await deregister(rollcall, a);
    await follows(port, ['b', 'c']);
  }

  it('HAProxy fills a server-template from SRV records and follows them', async function () {
    if (!available('haproxy', 'haproxy')) this.skip();
    const port = await freePort();
    // All instances here have one address, which HAProxy would give to one server only.
    const allowDuplicates = 'resolve-opts allow-dup-ip';
    const configuration = write('haproxy.cfg', [
      'global',
      '  maxconn 100',
      'defaults',
      '  mode http',
      '  timeout connect 1s',
      '  timeout client 5s',
      '  timeout server 5s',
      'resolvers rollcall',
      `  nameserver rollcall 127.0.0.1:${String(rollcall.dnsPort)}`,
      '  accepted_payload_size 4096',
      '  timeout resolve 200ms',
      '  timeout retry 500ms',
      '  hold valid 200ms',
      '  hold obsolete 0s',
      'frontend front',
      `  bind 127.0.0.1:${String(port)}`,
      '  default_backend web',
      'backend web',
      '  balance roundrobin',
      `  server-template web 5 _web._tcp.service.consul resolvers rollcall ${allowDuplicates} init-addr none check inter 200ms`,
    ]);
    programs.push(startProgram('haproxy', ['-db', '-f', configuration]));
    await comeAndGo(port, [await backend('a'), await backend('b'), await backend('c')]);
  });

  it('nginx resolves a proxy target by A records and follows them', async function () {
    if (!available('nginx', 'nginx-light')) this.skip();
    const [port, webPort] = await Promise.all([freePort(), freePort()]);
    mkdirSync(join(directory, 'nginx'));
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (kind) => `  ${kind}_temp_path ${join(directory, 'nginx', kind)};`,
    );
    const configuration = write('nginx.conf', [
      'daemon off;',
      'master_process off;',
      `pid ${join(directory, 'nginx.pid')};`,
      'error_log stderr;',
      'events {}',
      'http {',
      '  access_log off;',
      ...temporary,
      `  resolver 127.0.0.1:${String(rollcall.dnsPort)} valid=1s ipv6=off;`,
      '  server {',
      `    listen 127.0.0.1:${String(port)};`,
      '    location / {',
      '      set $web web.service.rollcall;',
      `      proxy_pass http://$web:${String(webPort)};`,
      '    }',
      '  }',
      '}',
    ]);
    programs.push(startProgram('nginx', ['-p', directory, '-c', configuration]));
    // A records carry no port, so each instance has the same one on an address of its own.
    const at = (name: string, last: number) => backend(name, `127.0.0.${String(last)}`, webPort);
    await comeAndGo(port, [await at('a', 11), await at('b', 12), await at('c', 13)]);
  });

  it('dnsmasq forwards our domains, lookups by key included', async function () {
    if (!available('dnsmasq', 'dnsmasq-base')) this.skip();
    const port = await freePort();
    programs.push(
      startProgram('dnsmasq', [
        ...['--keep-in-foreground', '--conf-file=/dev/null', '--no-resolv', '--no-hosts', '--user=root'],
        ...['--listen-address=127.0.0.1', '--bind-interfaces', `--port=${String(port)}`, '--pid-file='],
        ...['consul', 'rollcall'].map(
          (domain) => `--server=/${domain}/127.0.0.1#${String(rollcall.dnsPort)}`,
        ),
      ]),
    );
    const dns = new DnsLookup(port);
    const instances = await Promise.all(['a', 'b', 'c'].map((name) => backend(name)));
    for (const each of instances) await register(rollcall, each);
    const all = instances.map(({ port: at }) => `${String(at)} 7f000001.addr.dc1.consul`).sort();
    await eventually(
      async () => (await dns.srv('web.service.consul')).join() === all.join(),
      'three SRV records',
    );
    expect(await dns.a('web.service.rollcall')).to.deep.equal(['127.0.0.1']);

    for (const key of ['user-1', 'user-2', 'user-3', 'user-4']) {
      const placed = await fetch(`${rollcall.url}/api/v1/services/web/owner?key=${key}&replicas=3`);
      const { hash, replicas } = (await placed.json()) as { hash: string; replicas: { port: number }[] };
      const ports = replicas.map((replica) => replica.port);
      expect(ports, key).to.have.length(3);
      for (const label of [key, key.toUpperCase(), hash])
        expect(await dig(port, `${label}.key.web.service.consul`), label).to.deep.equal(ports);
    }
    const [gone] = instances;
    if (gone) await deregister(rollcall, gone);
    await eventually(async () => (await dns.srv('web.service.consul')).length === 2, 'two SRV records');
  });

  /** The ports of SRV records in the order of the answer. */
  async function dig(port: number, name: string): Promise<number[]> {
    const { stdout } = await run('dig', ['+short', '@127.0.0.1', '-p', String(port), name, 'SRV']);
    return stdout
      .trim()
      .split('\n')
      .map((line) => Number(line.split(' ')[2]));
  }
});
