import { expect } from 'chai';
import Consul from 'consul';
import { asOf187 } from '../protocols/consul/exchange.ts';
import { eventually } from '../support/eventually.ts';
import { cleanUp, startRollcall, temporaryDirectory } from '../support/rollcall-process.ts';
import { CLIENT_CALLS, type ClientCall } from './consul-client-calls.ts';
import { startConsul, type ConsulServer } from './dns-consul-server.ts';

/** A client and what its calls kept. */
interface Peer {
  readonly client: Consul;
  readonly kept: Map<string, string>;
}

/** Methods that the tests below call by themselves. */
const CALLED_APART = ['destroy', 'watch', 'watch.end', 'watch.isRunning', 'watch.updateTime'];

describe('interop: every method of the npm client', function () {
  this.timeout(60_000);
  let consul: ConsulServer | undefined;
  let theirs: Peer;
  let ours: Peer;

  before(async function () {
    this.timeout(120_000);
    consul = await startConsul('agent-1');
    const rollcall = await startRollcall({
      DATA_DIR: await temporaryDirectory(),
      NODE_NAME: 'registry-1',
      AGENT_NAME: 'agent-1',
    });
    theirs = peerAt(consul.url);
    ours = peerAt(rollcall.url);
  });
  after(async () => {
    await consul?.stop();
    await cleanUp();
  });

  it('is called', () => {
    const called = new Set([...CLIENT_CALLS.map(({ method }) => method), ...CALLED_APART]);
    expect([...called].sort()).to.deep.equal(methodsOf(new Consul()).sort());
  });

  for (const call of CLIENT_CALLS) {
    const { method, args, isRead, compared, differs } = call;
    it(`${method} ${JSON.stringify(args).slice(0, 100)}`, async () => {
      const compare = async () => {
        const [onOurs, onTheirs] = await Promise.all([ours, theirs].map((peer) => outcomeOf(call, peer)));
        // An excuse that nothing needs would hide a difference to come.
        if (differs !== undefined) expect(onOurs, differs).to.not.deep.equal(onTheirs);
        else expect(onOurs).to.deep.equal(onTheirs);
        if (compared !== undefined) expect(onOurs).to.have.property('answer');
        return true;
      };
      if (isRead) await eventually(compare, 'the same answer', 5000).catch(onlyCause);
      else await compare();
    });
  }

  it('watch tells of changes until it is ended', async () => {
    const seen = await Promise.all([ours, theirs].map(watched));
    expect(seen[0]).to.deep.equal(['first', 'second']);
    expect(seen[0]).to.deep.equal(seen[1]);
  });

  it('destroy closes the connections of a client, and no other', async () => {
    for (const { client } of [ours, theirs]) {
      client.destroy();
      expect(await client.catalog.datacenters()).to.deep.equal(['dc1']);
    }
  });
});

function peerAt(url: string): Peer {
  const { hostname, port } = new URL(url);
  return { client: new Consul({ host: hostname, port: Number(port) }), kept: new Map() };
}

/** Paths of all methods of the client and of what it consists of. */
function methodsOf(client: Consul): string[] {
  const watch = client.watch({ method: client.kv.get, options: {} });
  watch.end();
  return [...methodsUnder(client, ''), ...methodsUnder(watch, 'watch.')];
}

function methodsUnder(part: object, path: string): string[] {
  const isPublic = (name: string) => !name.startsWith('_') && name !== 'constructor';
  const prototype = Object.getPrototypeOf(part) as object;
  const own = Object.getOwnPropertyNames(prototype).filter(isPublic);
  const parts = Object.entries(part).filter(([name, each]) => isPublic(name) && isPart(name, each));
  return [
    ...own.map((name) => `${path}${name}`),
    ...parts.flatMap(([name, each]) => methodsUnder(each as object, `${path}${name}.`)),
  ];
}

/** Each part refers to the client as `consul`. */
function isPart(name: string, value: unknown): boolean {
  return name !== 'consul' && typeof value === 'object' && value !== null && 'consul' in value;
}

/** What the call answered or was refused with, without what differs from program to program. */
async function outcomeOf({ method, args, keep, compared }: ClientCall, { client, kept }: Peer) {
  const names = method.split('.');
  const last = names.pop() ?? '';
  const part = names.reduce<object>((whole, name) => Reflect.get(whole, name) as object, client);
  const called = Reflect.get(part, last) as (...given: unknown[]) => Promise<unknown>;
  try {
    const answer = await called.apply(
      part,
      args.map((arg) => filled(arg, kept)),
    );
    if (keep !== undefined) kept.set(keep, (answer as { ID: string }).ID);
    return { answer: masked(compared === undefined ? answer : compared(answer)) };
  } catch (error) {
    const { message, statusCode, response } = error as Error & {
      statusCode?: number;
      response?: { body?: unknown };
    };
    return { refusal: masked({ message, statusCode, body: response?.body }) };
  }
}

/** The client changes what it is given, so each call gets its own. */
function filled(value: unknown, kept: ReadonlyMap<string, string>): unknown {
  if (typeof value === 'string')
    return value.replace(/^\$([A-Z]+)$/, (whole, name: string) => kept.get(name) ?? whole);
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value;
  if (Array.isArray(value)) return value.map((each) => filled(each, kept));
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, filled(each, kept)]));
}

const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
const ADDRESS = /127\.0\.0\.1:\d+/g;
/** Which depend on what else a program wrote. */
const COUNTED = /^(CreateIndex|ModifyIndex|LTime)$/;

function masked(value: unknown): unknown {
  return maskedPart(asOf187(value));
}

function maskedPart(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(UUID, 'UUID').replace(ADDRESS, 'ADDRESS');
  if (Buffer.isBuffer(value) || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(maskedPart);
  return Object.fromEntries(
    entriesOf(value).map(([name, each]) => [name, COUNTED.test(name) ? 0 : maskedPart(each)]),
  );
}

/** Later versions tell their own in the metadata of servers. */
function entriesOf(value: object): [string, unknown][] {
  return Object.entries(value).filter(([name]) => name !== 'consul-version');
}

/** The values that a watch of a key saw: what was there, and what was written then. */
async function watched({ client }: Peer): Promise<string[]> {
  await client.kv.set('watched', 'first');
  const seen: string[] = [];
  const watch = client.watch({ method: client.kv.get, options: { key: 'watched' } });
  watch.on('change', (pair: { Value: string }) => seen.push(pair.Value));
  await eventually(() => seen.length === 1, 'the first value');
  expect(watch.isRunning()).to.equal(true);
  expect(Date.now() - watch.updateTime()).to.be.within(0, 60_000);
  await client.kv.set('watched', 'second');
  await eventually(() => seen.length === 2, 'the second value');
  watch.end();
  expect(watch.isRunning()).to.equal(false);
  return seen;
}

function onlyCause(error: unknown): never {
  throw (error as Error).cause ?? error;
}
