import { expect } from 'chai';
import {
  REGISTRY_SERVICE,
  VERSION_META,
  type Check,
  type CheckSource,
  type HttpProbe,
  type Registration,
} from '../../src/core/index.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLogger } from '../../src/platform/logger.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { pureHashes } from '../../src/core/ring/index.ts';
import { Assignment } from '../../src/runtime/checks/assignment.ts';
import { CheckRunner } from '../../src/runtime/checks/runner.ts';
import { Membership } from '../../src/runtime/membership.ts';
import { eventually } from '../support/eventually.ts';
import { closedPort, httpTarget, tcpTarget, type ProbeTarget } from '../support/probe-target.ts';
import { watchTimers } from '../support/live-timers.ts';
import { aCheck, aNode, anHttpProbe, anInstance } from '../support/pure-catalog.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

const INTERVAL_MS = 100;

function http(url: string, fields: object = {}): HttpProbe {
  return anHttpProbe(url, { intervalMs: INTERVAL_MS, timeoutMs: 2000, ...fields });
}

/** A target that takes a while, and how many asked it at once at the most. */
async function slowTarget(ms: number): Promise<{ slow: ProbeTarget; most: () => number }> {
  let running = 0;
  let most = 0;
  const slow = await httpTarget((_request, response) => {
    most = Math.max(most, ++running);
    setTimeout(() => {
      running--;
      response.end();
    }, ms);
  });
  return { slow, most: () => most };
}

function registration(id: string, source: CheckSource, fields: Partial<Check> = {}): Registration {
  const check = aCheck('n1', `c-${id}`, { instanceId: id, status: 'critical', source, ...fields });
  return {
    node: aNode('n1'),
    keepNode: true,
    instance: anInstance('n1', 'web', { id }),
    checks: [{ ...check, overwriteStatus: false }],
    replaceChecks: false,
  };
}

describe('check runner', () => {
  let test: TestRegistry;
  let runner: CheckRunner;
  let membership: Membership;
  let target: ProbeTarget;
  let answer: { code: number; body: string; delayMs: number };
  let clockAheadMs: number;
  let deps: Omit<ConstructorParameters<typeof CheckRunner>[0], 'assignment'>;
  const check = (id: string) => test.registry.state.checks.get(`n1\0c-${id}`);
  const status = (id: string, wanted: string) =>
    eventually(() => check(id)?.status === wanted, `${id} ${wanted}`, 15_000);
  const requests = (url: string) => target.requests.filter((request) => request.url === url).length;
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

  beforeEach(async () => {
    test = await startRegistry();
    answer = { code: 200, body: 'fine', delayMs: 0 };
    clockAheadMs = 0;
    target = await httpTarget((_request, response) => {
      const { code, body, delayMs } = answer;
      setTimeout(() => response.writeHead(code).end(body), delayMs).unref();
    });
    deps = {
      registry: test.registry,
      logger: createLogger('silent'),
      random: systemRandom,
      clock: { now: () => 0, monotonic: () => systemClock.monotonic() + clockAheadMs },
    };
    membership = new Membership({ ...deps, httpPort: 1 });
    await membership.start();
    runner = new CheckRunner({ ...deps, assignment: new Assignment(test.registry, pureHashes.xxh64) });
    runner.start();
  });
  afterEach(async () => {
    await runner.stop();
    await membership.stop();
    await target.stop();
    await test.stop();
  });
  const url = (path = '/') => `http://127.0.0.1:${target.port}${path}`;

  it('takes the status of an HTTP check from its target, as that changes', async () => {
    await test.registry.catalog.register(registration('web', http(url())));
    await status('web', 'passing');
    expect(check('web')?.output).to.equal(`HTTP GET ${url()}: 200 OK Output: fine`);
    answer = { ...answer, code: 429, body: 'busy' };
    await status('web', 'warning');
    answer = { ...answer, code: 500, body: 'broken' };
    await status('web', 'critical');
    expect(check('web')?.output).to.equal(`HTTP GET ${url()}: 500 Internal Server Error Output: broken`);
  });

  it('takes the status of a TCP check from its target', async () => {
    const tcp = await tcpTarget();
    const source = {
      kind: 'tcp',
      tls: false,
      tlsSkipVerify: false,
      tlsServerName: '',
      timeoutMs: 0,
    } as const;
    const address = `127.0.0.1:${tcp.port}`;
    await test.registry.catalog.register(
      registration('web', { ...source, target: address, intervalMs: INTERVAL_MS }),
    );
    await status('web', 'passing');
    expect(check('web')?.output).to.equal(`TCP connect ${address}: Success`);
    await tcp.stop();
    await status('web', 'critical');
    expect(check('web')?.output).to.equal(`dial tcp ${address}: connect: connection refused`);
  });

  it('gives up after the timeout of the check', async () => {
    answer.delayMs = 60_000;
    const source = http(url(), { timeoutMs: 150 });
    await test.registry.catalog.register(registration('web', source, { status: 'passing' }));
    await status('web', 'critical');
    expect(check('web')?.output).to.equal(
      `Get "${url()}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
    );
  });

  it('needs as many failures in a row as the check says, but for the first result', async () => {
    answer.code = 500;
    const source = http(url(), { failuresBeforeCritical: 3 });
    await test.registry.catalog.register(registration('web', source, { status: 'passing' }));
    await status('web', 'critical');
    expect(requests('/')).to.equal(1);
    answer.code = 200;
    await status('web', 'passing');
    const before = requests('/');
    answer.code = 500;
    await status('web', 'critical');
    expect(requests('/') - before).to.be.at.least(3);
  });

  it('runs a check once per interval, and not before the last run has ended', async () => {
    const { slow, most } = await slowTarget(350);
    try {
      const startedAt = performance.now();
      await test.registry.catalog.register(registration('slow', http(`http://127.0.0.1:${slow.port}/`)));
      await test.registry.catalog.register(registration('quick', http(url('/quick'))));
      await eventually(() => slow.requests.length >= 3 && requests('/quick') >= 5, 'several runs');
      const elapsedMs = performance.now() - startedAt;
      expect(most()).to.equal(1);
      expect(requests('/quick')).to.be.at.most(elapsedMs / (INTERVAL_MS * 0.95) + 1);
    } finally {
      await slow.stop();
    }
  });

  it('begins within the interval, checks registered together at different moments', async () => {
    const intervalMs = 2000;
    const ids = Array.from({ length: 20 }, (_, i) => `web-${i}`);
    const seenAt: number[] = [];
    const first = await httpTarget((_request, response) => {
      seenAt.push(performance.now());
      response.end();
    });
    try {
      const startedAt = performance.now();
      const source = http(`http://127.0.0.1:${first.port}/`, { intervalMs });
      await Promise.all(ids.map((id) => test.registry.catalog.register(registration(id, source))));
      await eventually(() => ids.every((id) => check(id)?.status === 'passing'), 'all passing', 15_000);
      const offsets = seenAt.slice(0, 20).map((at) => at - startedAt);
      // Twenty uniform offsets all within a quarter of the interval: once in 10^10 runs.
      expect(Math.max(...offsets) - Math.min(...offsets)).to.be.above(intervalMs / 4);
    } finally {
      await first.stop();
    }
  });

  it('follows the catalog: definitions changed, checks removed and added', async () => {
    const { catalog } = test.registry;
    await catalog.register(registration('web', http(url('/old'))));
    await eventually(() => requests('/old') > 1, 'the old URL asked');
    await catalog.register(registration('web', http(url('/new'))));
    await eventually(() => requests('/new') > 1, 'the new URL asked');
    const old = requests('/old');
    expect(runner.size).to.equal(1);
    await catalog.register(registration('other', http(url('/other'))));
    expect(runner.size).to.equal(2);
    await catalog.deregisterInstance('n1', 'web');
    expect(runner.size).to.equal(1);
    const [before, others] = [requests('/new'), requests('/other')];
    await eventually(() => requests('/other') > others + 3, 'the other URL asked');
    expect(requests('/old')).to.equal(old);
    expect(requests('/new')).to.be.at.most(before + 1);
    await catalog.register(registration('other', { kind: 'external' }));
    expect(runner.size).to.equal(0);
  });

  it('goes on with the status it finds where a check has been run before', async () => {
    await runner.stop();
    const source = http(`http://127.0.0.1:${await closedPort()}/`, { failuresBeforeCritical: 1000 });
    const fields = { status: 'passing', output: 'as the last owner left it' } as const;
    await test.registry.catalog.register(registration('web', source, fields));
    await test.registry.catalog.register(registration('canary', http(url('/canary'))));
    runner.start();
    await eventually(() => requests('/canary') > 5, 'several runs');
    expect(check('web')).to.include(fields);
  });

  it('runs nothing while this node is not in the catalog', async () => {
    await membership.stop();
    await test.registry.catalog.register(registration('web', http(url())));
    expect(runner.size).to.equal(0);
    await pause(3 * INTERVAL_MS);
    expect(requests('/')).to.equal(0);
  });

  it('says nothing of a target when it was this process that stood still', async () => {
    const stalling = await httpTarget((_request, response) => {
      if (stalling.requests.length === 1) clockAheadMs += 10_000;
      response.writeHead(stalling.requests.length === 1 ? 500 : 200).end();
    });
    const seen = new Set<string | undefined>();
    const unsubscribe = test.registry.onChange(() => seen.add(check('web')?.status));
    try {
      const source = http(`http://127.0.0.1:${stalling.port}/`);
      await test.registry.catalog.register(registration('web', source, { status: 'passing' }));
      await eventually(() => stalling.requests.length > 3, 'several runs');
      expect([...seen]).to.deep.equal(['passing']);
    } finally {
      unsubscribe();
      await stalling.stop();
    }
  });

  it('keeps its verdicts to itself while it has lost sight of the store', async () => {
    Object.defineProperty(test.view, 'ageMs', { value: 9000, configurable: true });
    await test.registry.catalog.register(registration('web', http(url())));
    await eventually(() => requests('/') > 3, 'several runs');
    expect(check('web')).to.include({ status: 'critical', output: '' });
    Reflect.deleteProperty(test.view, 'ageMs');
    await status('web', 'passing');
  });

  it('survives a check that cannot be run at all', async () => {
    await test.registry.catalog.register(registration('broken', http(url('/broken'), { headers: null })));
    await test.registry.catalog.register(registration('web', http(url())));
    await eventually(() => requests('/') > 5, 'the other check going on');
    expect(check('broken')).to.include({ status: 'critical', output: '' });
  });

  it('goes on while results cannot be stored', async () => {
    await test.registry.catalog.register(registration('web', http(url())));
    await status('web', 'passing');
    await test.store.close();
    answer.code = 500;
    const before = requests('/');
    await eventually(() => requests('/') > before + 3, 'several runs', 15_000);
  });

  it('ends cleanly in the middle of a probe: no verdict, no timer, no connection', async () => {
    answer.delayMs = 60_000;
    const timers = watchTimers(/runtime.checks/);
    try {
      await test.registry.catalog.register(registration('web', http(url(), { timeoutMs: 60_000 })));
      await test.registry.catalog.register(registration('waiting', http(url(), { intervalMs: 600_000 })));
      await eventually(() => requests('/') === 1, 'a probe in flight');
      // One for all that wait, and the deadline of the probe.
      expect(timers.count()).to.equal(2);
      const startedAt = performance.now();
      await runner.stop();
      expect(performance.now() - startedAt).to.be.below(1000);
      expect(check('web')).to.include({ status: 'critical', output: '' });
      await eventually(() => timers.count() === 0, 'no timer left', 2000);
      await eventually(() => target.connections() === 0, 'no connection left', 2000);
    } finally {
      timers.stop();
    }
  });

  it('asks many slow targets in parallel, but not without bound', async () => {
    const { slow, most } = await slowTarget(1000);
    try {
      const source = http(`http://127.0.0.1:${slow.port}/`, { timeoutMs: 10_000 });
      const ids = Array.from({ length: 300 }, (_, i) => `web-${i}`);
      await Promise.all(ids.map((id) => test.registry.catalog.register(registration(id, source))));
      await eventually(() => slow.requests.length > 300, 'all asked', 20_000);
      expect(most()).to.be.within(50, 200);
    } finally {
      await slow.stop();
    }
  });

  it('reports nothing of a check that has moved to another node and is not dropped yet', async () => {
    await runner.stop();
    const assignment = new Assignment(test.registry, pureHashes.xxh64);
    // Who refreshes first learns that the ring is another one: so the runner does not.
    test.registry.onChange(() => void assignment.refresh());
    runner = new CheckRunner({ ...deps, assignment });
    runner.start();
    await test.registry.catalog.register(registration('web', http(url('/moved'))));
    await status('web', 'passing');
    for (let i = 0; assignment.owns('n1\0c-web'); i++) {
      const fields = { id: REGISTRY_SERVICE, meta: { [VERSION_META]: '1' } };
      const instance = anInstance(`other-${i}`, REGISTRY_SERVICE, fields);
      const other = {
        node: aNode(`other-${i}`),
        keepNode: false,
        instance,
        checks: [],
        replaceChecks: false,
      };
      await test.registry.catalog.register(other);
    }
    answer.code = 500;
    const before = requests('/moved');
    await eventually(() => requests('/moved') > before + 3, 'it was run since');
    expect(check('web')?.status).to.equal('passing');
    expect(runner.size).to.equal(1);
  });
});
