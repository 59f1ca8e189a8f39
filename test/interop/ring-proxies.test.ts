import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import {
  buildRing,
  type Hashes,
  type Member,
  type RingPolicy,
  pureHashes,
} from '../../src/core/ring/index.ts';
import { eventually } from '../support/eventually.ts';
import { cleanUp, temporaryDirectory } from '../support/rollcall-process.ts';
import { freePort } from './dns-consul-server.ts';
import { available, startBackend, startProgram, type Backend, type Program } from './dns-programs.ts';
import {
  askByGet,
  askByHeader,
  chooseSeed,
  haproxy3,
  KEYS,
  randomKeys,
  startRedisBackend,
} from './ring-programs.ts';

/** Weights of the backends in order; 0 for one that is left out, negative for one that is marked down. */
const CASES = {
  equal: [1, 1, 1, 1, 1],
  weighted: [1, 2, 3, 4, 5],
  removed: [1, 0, 1, 1, 1],
  down: [1, -1, 1, 1, 1],
  'weighted, down': [5, 4, -3, 2, 1],
  'one left': [0, -1, 1, 2, 0],
} as const;

describe('interop: placement of real proxies', function () {
  this.timeout(180_000);
  const seed = chooseSeed();
  let hashes: Hashes;
  let directory: string;
  const backends: Backend[] = [];
  const programs: Program[] = [];
  let stream = 0;

  before(async () => {
    hashes = pureHashes;
    // HAProxy's addr hashes an address without its port, so each has one of its own.
    for (const [index, name] of ['a', 'b', 'c', 'd', 'e'].entries())
      backends.push(await startBackend(name, `127.0.0.${String(21 + index)}`));
    console.log(`      seed ${String(seed)}, ${String(KEYS)} keys per case`);
  });
  after(() => Promise.all(backends.map((each) => each.stop())));

  beforeEach(async () => {
    directory = await temporaryDirectory();
  });
  afterEach(async () => {
    await Promise.all(programs.splice(0).map((each) => each.stop()));
    await cleanUp();
  });

  function write(name: string, lines: readonly string[]): string {
    const path = join(directory, name);
    writeFileSync(path, `${lines.join('\n')}\n`);
    return path;
  }

  interface Placed extends Member {
    readonly name: string;
  }

  /** The members of a case: those that are there and not down. */
  function membersOf(weights: readonly number[], of: readonly Backend[], scale = 1): Placed[] {
    return of.flatMap(({ name, host, port }, index) => {
      const weight = (weights[index] ?? 0) * scale;
      return weight > 0 ? [{ id: String(index + 1), name, hashKey: `${host}:${String(port)}`, weight }] : [];
    });
  }

  const ready = (port: number, path: string) =>
    eventually(async () => (await askByHeader(port, path, ['x'])).length, 'an answer');

  /** Asks for fresh keys and compares; says which keys went elsewhere. */
  async function compare(
    members: readonly Placed[],
    policy: RingPolicy,
    ask: (keys: readonly string[]) => Promise<readonly (string | null)[]>,
  ): Promise<void> {
    const ring = buildRing(members, policy, hashes);
    const keys = randomKeys(seed, (stream += 1));
    const answers = await ask(keys);
    expect(new Set(answers).size, 'backends that answered').to.equal(members.length);
    const differences = keys.filter((key, index) => ring.owner(key)?.name !== answers[index]);
    expect(differences, `seed ${String(seed)}`).to.deep.equal([]);
  }

  it('is that of nginx: hash consistent', async function () {
    if (!available('nginx', 'nginx-light')) this.skip();
    const port = await freePort();
    const titles = Object.entries(CASES);
    const upstreams = titles.flatMap(([, weights], number) => {
      const servers = backends.flatMap(({ host, port: at }, index) => {
        const weight = weights[index] ?? 0;
        const state = weight < 0 ? ' down' : '';
        const line = `    server ${host}:${String(at)} weight=${String(Math.abs(weight))}${state};`;
        return weight === 0 ? [] : [line];
      });
      return [`  upstream case${String(number)} {`, '    hash $http_x_key consistent;', ...servers, '  }'];
    });
    const locations = titles.map(
      (_, number) => `    location /case${String(number)} { proxy_pass http://case${String(number)}; }`,
    );
    mkdirSync(join(directory, 'nginx'));
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (kind) => `  ${kind}_temp_path ${join(directory, 'nginx', kind)};`,
    );
    const configuration = write('nginx.conf', [
      ...['daemon off;', 'master_process off;', `pid ${join(directory, 'nginx.pid')};`, 'error_log stderr;'],
      ...['events {}', 'http {', '  access_log off;', ...temporary, ...upstreams],
      ...['  server {', `    listen 127.0.0.1:${String(port)};`, ...locations, '  }', '}'],
    ]);
    programs.push(startProgram('nginx', ['-p', directory, '-c', configuration]));
    await ready(port, '/case0');
    for (const [number, [title, weights]] of titles.entries()) {
      await compare(membersOf(weights, backends), { algorithm: 'nginx-consistent' }, (keys) =>
        askByHeader(port, `/case${String(number)}`, keys),
      ).catch((error: unknown) => {
        throw new Error(`nginx, ${title}`, { cause: error });
      });
    }
  });

  const functions = (['sdbm', 'djb2', 'crc32'] as const).flatMap((hashFunction) =>
    [true, false].map((avalanche) => ({ hashFunction, avalanche })),
  );

  it('is that of HAProxy: hash-type consistent', async function () {
    if (!available('haproxy', 'haproxy')) this.skip();
    await compareHaproxy(['haproxy'], ['id']);
  });

  // Debian's 3.0.11 places by id as no other version does, hence not that one.
  it('is that of HAProxy 3.0: hash-key addr and addr-port', async function () {
    if (process.arch !== 'x64' || !available('apt-get', 'apt')) this.skip();
    await compareHaproxy(haproxy3(), ['addr', 'addr-port']);
  });

  async function compareHaproxy(
    [program = '', ...prefix]: readonly string[],
    hashKeys: readonly ('id' | 'addr' | 'addr-port')[],
  ): Promise<void> {
    const chosen = hashKeys.flatMap((hashKey) => [
      ...Object.entries(CASES).map(([title, weights]) => {
        const policy = { hashKey, hashFunction: 'sdbm' as const, avalanche: true };
        return { title, weights, scale: 10, policy, type: '' };
      }),
      ...functions.map((each) => {
        const type = `${each.hashFunction}${each.avalanche ? ' avalanche' : ''}`;
        return { title: type, weights: CASES.weighted, scale: 1, policy: { hashKey, ...each }, type };
      }),
    ]);
    const port = await freePort();
    const sections = chosen.flatMap(({ weights, scale, policy, type }, number) => {
      const servers = backends.flatMap(({ name, host, port: at }, index) => {
        const weight = weights[index] ?? 0;
        const state = weight < 0 ? ' disabled' : '';
        const key = policy.hashKey === 'id' ? '' : ` hash-key ${policy.hashKey}`;
        const options = `id ${String(index + 1)} weight ${String(Math.abs(weight) * scale)}${state}${key}`;
        return weight === 0 ? [] : [`  server ${name} ${host}:${String(at)} ${options}`];
      });
      const balance = ['  balance hdr(X-Key)', `  hash-type consistent ${type}`];
      return [`backend case${String(number)}`, ...balance, ...servers];
    });
    const configuration = write('haproxy.cfg', [
      ...['global', '  maxconn 200', 'defaults', '  mode http', '  timeout connect 1s'],
      ...['  timeout client 10s', '  timeout server 10s', 'frontend front'],
      ...[`  bind 127.0.0.1:${String(port)}`, '  use_backend %[path,field(2,/)]', ...sections],
    ]);
    programs.push(startProgram(program, [...prefix, '-db', '-f', configuration]));
    await ready(port, '/case0');
    for (const [number, { title, weights, scale, policy }] of chosen.entries()) {
      const members = membersOf(weights, backends, scale);
      await compare(members, { algorithm: 'haproxy-consistent', ...policy }, (keys) =>
        askByHeader(port, `/case${String(number)}`, keys),
      ).catch((error: unknown) => {
        throw new Error(`HAProxy by ${policy.hashKey}, ${title}`, { cause: error });
      });
    }
  }

  it('is that of twemproxy: ketama over MD5', async function () {
    if (!available('nutcracker', 'nutcracker')) this.skip();
    const redis = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => startRedisBackend(name)));
    try {
      const titles = Object.entries(CASES).filter(([, weights]) => weights.every((weight) => weight >= 0));
      const ports = await Promise.all(titles.map(() => freePort()));
      const statistics = await freePort();
      const pools = titles.flatMap(([, weights], number) => [
        ...[`case${String(number)}:`, `  listen: 127.0.0.1:${String(ports[number])}`, '  hash: md5'],
        ...['  distribution: ketama', '  redis: true', '  auto_eject_hosts: false', '  servers:'],
        ...redis.flatMap(({ host, port }, index) => {
          const weight = weights[index] ?? 0;
          return weight > 0 ? [`   - ${host}:${String(port)}:${String(weight)}`] : [];
        }),
      ]);
      const configuration = write('nutcracker.yml', pools);
      programs.push(startProgram('nutcracker', ['-c', configuration, '-s', String(statistics)]));
      for (const [number, [title, weights]] of titles.entries()) {
        const port = ports[number] ?? 0;
        await eventually(async () => (await askByGet(port, ['x'])).length, 'an answer');
        await compare(membersOf(weights, redis), { algorithm: 'twemproxy-ketama' }, (keys) =>
          askByGet(port, keys),
        ).catch((error: unknown) => {
          throw new Error(`twemproxy, ${title}`, { cause: error });
        });
      }
    } finally {
      await Promise.all(redis.map((each) => each.stop()));
    }
  });
});
