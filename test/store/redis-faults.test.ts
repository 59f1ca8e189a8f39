import { expect } from 'chai';
import type { CommitResult } from '../../src/core/index.ts';
import { StoreError, type Store } from '../../src/store/store.ts';
import { eventually } from '../support/eventually.ts';
import { requireRedis, type RedisServer } from '../support/redis-server.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { apply, codeOf, commitsUpTo, pause, picture, put, txn } from './harness.ts';
import { buildStore, cleanUp, closeStores, openStore, startServer, storedKeys } from './redis-harness.ts';

/** The stores promise about a second; the rest is for a busy machine. */
const DEADLINE_MS = 1500;
const AT_ONCE_MS = 300;

async function timed<T>(call: () => Promise<T>): Promise<{ value: T; ms: number }> {
  const begin = performance.now();
  const value = await call();
  return { value, ms: performance.now() - begin };
}

const reads = (store: Store): Promise<unknown>[] => [
  store.revision(),
  store.barrier(),
  store.snapshot(AbortSignal.timeout(5000)),
];

/** Commits one record with a name of its own; tells what became of it. */
async function attempt(store: Store, key: string): Promise<CommitResult['outcome'] | StoreError['code']> {
  const name = { kind: 'record', table: 'kv', key, revision: 0 } as const;
  return store.commit(txn({ compares: [name], puts: [put(key)], touches: [key] })).then(
    ({ outcome }) => outcome,
    (error: unknown) => {
      if (error instanceof StoreError) return error.code;
      throw error;
    },
  );
}

describe('redis store: faults', function () {
  this.timeout(40_000);
  before(function () {
    requireRedis(this);
  });

  afterEach(cleanUp);

  it('answers within its deadline when Redis is stopped, then at once, and goes on when it resumes', async () => {
    const server = await startServer();
    const store = await openStore(server.url);
    await apply(store, { puts: [put('before')] });
    server.pause();
    const writes = await timed(() => Promise.all([0, 1, 2].map((n) => attempt(store, `stopped${n}`))));
    expect(new Set(writes.value)).to.deep.equal(new Set(['unknown_outcome']));
    expect(writes.ms).to.be.below(DEADLINE_MS);
    expect(store.status().available).to.equal(false);

    const late = await timed(() => Promise.all([attempt(store, 'late'), ...reads(store).map(codeOf)]));
    expect(late.value).to.deep.equal(['unavailable', 'unavailable', 'unavailable', 'unavailable']);
    expect(late.ms).to.be.below(AT_ONCE_MS);

    server.resume();
    await eventually(() => store.status().available, 'recovery');
    await apply(store, { puts: [put('after')] });
    const keys = await storedKeys(store);
    expect(keys).to.include.members(['before', 'after']);
    expect(keys).to.not.include('late');
  });

  it('answers reads in flight as unavailable when Redis is stopped', async () => {
    const server = await startServer();
    const store = await openStore(server.url);
    server.pause();
    const { value, ms } = await timed(() => Promise.all(reads(store).map(codeOf)));
    expect(value).to.deep.equal(['unavailable', 'unavailable', 'unavailable']);
    expect(ms).to.be.below(DEADLINE_MS);
  });

  it('applies nothing twice over stops and cuts', async () => {
    const server = await startServer();
    const proxy = await TcpProxy.start(server.port);
    try {
      const store = await openStore(`redis://127.0.0.1:${proxy.port}`);
      const outcomes = new Map<string, string>();
      let running = true;
      const writers = Array.from({ length: 8 }, async (_, lane) => {
        for (let step = 0; running; step += 1) {
          const key = `${lane}/${step}`;
          const outcome = await attempt(store, key);
          outcomes.set(key, outcome);
          await pause(outcome === 'applied' ? 1 : 5);
        }
      });
      // Long enough for the deadline to pass where something is stopped.
      const nemesis: [fault: () => void, lastsMs: number][] = [
        [() => proxy.cut(), 300],
        [() => server.pause(), 1300],
        [() => server.resume(), 300],
        [() => proxy.freeze(), 1300],
        [() => proxy.thaw(), 300],
        [() => proxy.cut(), 300],
      ];
      for (const [fault, lastsMs] of nemesis) {
        fault();
        await pause(lastsMs);
      }
      await eventually(() => store.status().available, 'recovery');
      await pause(200);
      running = false;
      await Promise.all(writers);

      const last = await eventually(() => store.revision(), 'revision');
      const commits = await commitsUpTo(store, 0, last);
      const written = commits.map(({ touches }) => touches[0] ?? '');
      expect(new Set(written).size, 'each once').to.equal(written.length);
      expect(commits.map(({ revision }) => revision)).to.deep.equal(written.map((_, index) => index + 1));
      const by = (outcome: string) => [...outcomes].filter(([, o]) => o === outcome).map(([key]) => key);
      expect(
        by('applied').filter((key) => !written.includes(key)),
        'acknowledged, not stored',
      ).to.deep.equal([]);
      expect(
        by('unavailable').filter((key) => written.includes(key)),
        'refused, yet stored',
      ).to.deep.equal([]);
      // A conflict would mean that an earlier attempt at the same name was applied.
      expect(new Set(outcomes.values())).to.deep.equal(
        new Set(['applied', 'unavailable', 'unknown_outcome']),
      );
    } finally {
      await closeStores();
      await proxy.stop();
    }
  });

  it('notices a network that swallows everything', async () => {
    const server = await startServer();
    const proxy = await TcpProxy.start(server.port);
    try {
      const store = await openStore(`redis://127.0.0.1:${proxy.port}`);
      proxy.freeze();
      await eventually(() => !store.status().available, 'unavailable while idle', 3000);
      const { value, ms } = await timed(() => attempt(store, 'x'));
      expect(value).to.equal('unavailable');
      expect(ms).to.be.below(AT_ONCE_MS);
      proxy.thaw();
      await eventually(() => store.status().available, 'recovery');
      expect(await attempt(store, 'x')).to.equal('applied');
    } finally {
      await closeStores();
      await proxy.stop();
    }
  });

  it('leaves a connection that went dead for a new one', async () => {
    const server = await startServer();
    const proxy = await TcpProxy.start(server.port);
    try {
      const store = await openStore(`redis://127.0.0.1:${proxy.port}`);
      proxy.strand();
      await eventually(() => !store.status().available, 'notice', 3000);
      await eventually(() => store.status().available, 'a new connection', 3000);
      expect(await attempt(store, 'x')).to.equal('applied');
    } finally {
      await closeStores();
      await proxy.stop();
    }
  });

  it('never sends again what may have been executed', async () => {
    const server = await startServer();
    const proxy = await TcpProxy.start(server.port);
    try {
      const store = await openStore(`redis://127.0.0.1:${proxy.port}`);
      await apply(store, {});
      proxy.loseReplies(true);
      const outcome = codeOf(store.commit(txn({ puts: [put('once')] })));
      await eventually(async () => (await server.call('XLEN', '{rollcall}:log')) === 2, 'execution');
      proxy.loseReplies(false);
      const { ms } = await timed(() => {
        proxy.cut();
        return outcome;
      });
      expect(ms).to.be.below(AT_ONCE_MS);
      expect(await outcome).to.equal('unknown_outcome');
      await eventually(() => store.status().available, 'recovery');
      await pause(300);
      expect(await store.revision()).to.equal(2);
    } finally {
      await closeStores();
      await proxy.stop();
    }
  });

  it('keeps every acknowledged commit over kill -9 with appendfsync always', async () => {
    const server = await startServer({ appendonly: true, appendfsync: 'always' });
    const store = await openStore(server.url);
    const acknowledged: string[] = [];
    const refused: string[] = [];
    const writers = Array.from({ length: 16 }, async (_, lane) => {
      for (let step = 0; ; step += 1) {
        const key = `${lane}/${step}`;
        const outcome = await attempt(store, key);
        if (outcome !== 'applied') {
          refused.push(outcome);
          return;
        }
        acknowledged.push(key);
      }
    });
    await eventually(() => acknowledged.length > 300, 'commits');
    await server.kill();
    await Promise.all(writers);
    expect(refused.filter((code) => code !== 'unknown_outcome' && code !== 'unavailable')).to.deep.equal([]);
    const dead = await timed(() => Promise.all([attempt(store, 'dead'), ...reads(store).map(codeOf)]));
    expect(new Set(dead.value)).to.deep.equal(new Set(['unavailable']));
    expect(dead.ms).to.be.below(AT_ONCE_MS);

    await server.restart();
    const adoption = await eventually(() => store.adopt(acknowledged.length), 'adoption');
    expect(adoption).to.include({ lost: 0, opened: true });
    const { records } = await picture(store);
    expect(acknowledged.filter((key) => !records.has(`kv/${key}`))).to.deep.equal([]);
    expect(records.has('kv/dead')).to.equal(false);
  });

  it('builds a new client when the old one has been down for five seconds', async () => {
    const server = await startServer({ appendonly: true });
    const messages: string[] = [];
    const note = (_: object, message: string): void => void messages.push(message);
    const logger = { debug: note, info: note, warn: note, error: note, child: () => logger };
    const store = await openStore(server.url, { logger });
    await server.kill();
    await eventually(() => messages.includes('building a new Redis client'), 'rebuild');
    await server.restart();
    await eventually(() => store.adopt(0), 'adoption');
    expect(await attempt(store, 'after')).to.equal('applied');
    expect(messages.filter((message) => message === 'lost the connection to Redis')).to.have.length(1);
  });

  const refusals: [
    string,
    (server: RedisServer) => Promise<unknown>,
    (server: RedisServer) => Promise<unknown>,
  ][] = [
    [
      'READONLY',
      (server) => server.call('REPLICAOF', '127.0.0.1', '1'),
      (server) => server.call('REPLICAOF', 'NO', 'ONE'),
    ],
    [
      'OOM',
      (server) => server.call('CONFIG', 'SET', 'maxmemory', '1'),
      (server) => server.call('CONFIG', 'SET', 'maxmemory', '0'),
    ],
    [
      'NOREPLICAS',
      (server) => server.call('CONFIG', 'SET', 'min-replicas-to-write', '1'),
      (server) => server.call('CONFIG', 'SET', 'min-replicas-to-write', '0'),
    ],
  ];
  for (const [code, begin, end] of refusals) {
    it(`takes ${code} for a commit that was not applied`, async () => {
      const server = await startServer();
      const store = await openStore(server.url);
      const revision = await apply(store, { puts: [put('a')] });
      await begin(server);
      expect(await attempt(store, 'refused')).to.equal('unavailable');
      await end(server);
      await eventually(() => store.status().available, 'recovery');
      // A replica that becomes a primary again has another replication id.
      const adoption = await eventually(() => store.adopt(revision), 'adoption');
      expect(adoption.lost).to.equal(0);
      expect(await storedKeys(store)).to.deep.equal(['a']);
      expect(await attempt(store, 'refused')).to.equal('applied');
    });
  }

  it('takes BUSY for a commit that was not applied', async () => {
    const server = await startServer({ config: { 'busy-reply-threshold': '50' } });
    const store = await openStore(server.url);
    const loop = server.call('EVAL', 'while true do end', 0).catch(() => undefined);
    await eventually(async () => (await attempt(store, 'busy')) === 'unavailable', 'BUSY');
    await server.call('SCRIPT', 'KILL');
    await loop;
    await eventually(async () => (await attempt(store, 'after')) === 'applied', 'recovery');
  });

  it('loads its scripts again where Redis forgot them', async () => {
    const server = await startServer();
    const store = await openStore(server.url);
    await apply(store, { puts: [put('a')] });
    await server.call('SCRIPT', 'FLUSH');
    expect(await Promise.all(['b', 'c'].map((key) => attempt(store, key)))).to.deep.equal([
      'applied',
      'applied',
    ]);
  });

  it('refuses commits as overloaded rather than queue without end', async () => {
    const server = await startServer();
    const store = await openStore(server.url);
    server.pause();
    const { value, ms } = await timed(() =>
      Promise.all(Array.from({ length: 10_050 }, (_, n) => attempt(store, `many${n}`))),
    );
    expect(ms).to.be.below(2 * DEADLINE_MS);
    expect(value.filter((outcome) => outcome === 'overloaded')).to.have.length(50);
    const rest = value.filter((outcome) => outcome !== 'overloaded');
    expect(new Set(rest)).to.deep.equal(new Set(['unknown_outcome', 'unavailable']));
    const big = Array.from({ length: 65 }, (_, n) =>
      codeOf(store.commit(txn({ puts: [put(`big${n}`, Buffer.alloc(1024 * 1024))] }))),
    );
    expect(await Promise.all(big)).to.include('overloaded');
  });

  it('refuses commits that it could not send for half a second', async () => {
    const server = await startServer();
    const store = await openStore(server.url);
    await server.call('CLIENT', 'PAUSE', 800, 'WRITE');
    const keys = Array.from({ length: 600 }, (_, n) => `k${n}`);
    const outcomes = await Promise.all(keys.map((key) => attempt(store, key)));
    // Four groups of a hundred are in flight at a time.
    expect(outcomes.slice(0, 400)).to.deep.equal(Array(400).fill('applied'));
    expect(outcomes.slice(400)).to.deep.equal(Array(200).fill('unavailable'));
    expect(await store.revision()).to.equal(400);
  });

  it('does not open where it cannot work', async () => {
    const server = await startServer({ password: 'right' });
    const wrong = server.url.replace('right', 'wrong');
    const { port } = server;
    await server.call('REPLICAOF', '127.0.0.1', '1');
    expect(await codeOf(buildStore(server.url).open()), 'replica').to.equal('unavailable');
    for (const url of [
      wrong,
      `redis://127.0.0.1:${port}`,
      'redis://127.0.0.1:1',
      'redis://nowhere.invalid',
    ]) {
      const { value, ms } = await timed(() => codeOf(buildStore(url, { openTimeoutMs: 300 }).open()));
      expect(value, url).to.equal('unavailable');
      expect(ms, url).to.be.below(DEADLINE_MS);
    }
  });

  it('works with a password and with a database of its own', async () => {
    const server = await startServer({ password: 'p@ss word/1' });
    const [first, second] = [await openStore(server.url), await openStore(`${server.url}/2`)];
    await apply(first, { puts: [put('a')] });
    expect(await second.revision()).to.equal(0);
  });

  it('works over a unix socket', async () => {
    const server = await startServer({ config: { unixsocket: 'redis.sock' } });
    const store = await openStore(`unix://${server.directory}/redis.sock`);
    expect(await attempt(store, 'a')).to.equal('applied');
  });

  it('holds no value in an error', async () => {
    const server = await startServer();
    const store = await openStore(server.url);
    server.pause();
    const error: unknown = await store
      .commit(txn({ puts: [put('k', 'secret-value')] }))
      .catch((e: unknown) => e);
    const shown = JSON.stringify(error, Object.getOwnPropertyNames(error)) + String((error as Error).cause);
    expect(shown).to.include('unknown_outcome').and.not.include('secret-value');
  });
});
