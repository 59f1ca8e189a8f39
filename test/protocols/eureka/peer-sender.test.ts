import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { anEurekaInstance, EurekaServer, NOW } from '../../support/eureka-server.ts';
import { send } from '../../support/http.ts';
import { aNode, anInstance } from '../../support/pure-catalog.ts';

type Item = Readonly<Record<string, unknown>>;

/** An HTTP server that takes batches as an old Eureka server does, and answers as told. */
class Receiver {
  readonly batches: Item[][] = [];
  readonly requests: IncomingMessage[] = [];
  /** Statuses of the next items, by action; 200 where nothing is said. */
  readonly codes = new Map<string, number>();
  entity: unknown;
  answer: { status: number; text?: string } | undefined;
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      void (async () => {
        const chunks: Buffer[] = [];
        for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
        const { replicationList } = JSON.parse(Buffer.concat(chunks).toString()) as {
          replicationList: Item[];
        };
        this.requests.push(request);
        this.batches.push(replicationList);
        const responseList = replicationList.map(({ action }) => {
          const statusCode = this.codes.get(String(action)) ?? 200;
          return statusCode === 409 ? { statusCode, responseEntity: this.entity } : { statusCode };
        });
        const { status = 200, text = JSON.stringify({ responseList }) } = this.answer ?? {};
        // Nobody listens there.
        const moved = { Location: 'http://127.0.0.1:1/' };
        response.writeHead(status, { 'Content-Type': 'application/json', ...moved }).end(text);
      })();
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Actions with application and id, of what has come since the last call. */
  take(): string[] {
    return this.batches
      .splice(0)
      .flat()
      .map(({ action, appName, id, status }) =>
        [action, appName, id, status].filter((each) => typeof each === 'string').join(' '),
      );
  }
}

const PATH = '/eureka/apps/ORDERS/a';
const REGISTERED = 'Register ORDERS a UP';

describe('eureka replication to peers', () => {
  let receiver: Receiver;
  let server: EurekaServer;
  let answered: string[];
  beforeEach(async () => {
    receiver = new Receiver();
    answered = [];
    const address = await receiver.listen();
    server = await EurekaServer.start({
      replicateTo: [`http://user:p%40ss@${address}/eureka/`],
      onReplicated: (peer, action, status) => {
        expect(peer).to.equal(`http://${address}/eureka`);
        answered.push(`${action} ${String(status)}`);
      },
    });
  });
  afterEach(async () => {
    await server.stop();
    await receiver.close();
  });

  const sender = () => server.peerSenders[0] ?? expect.fail('no sender');
  /** What is sent in one go. */
  const sent = async () => {
    while (await sender().send(true));
    return receiver.take();
  };
  const register = async (fields: Item = {}, headers = {}) => {
    expect(await server.register(anEurekaInstance({ instanceId: 'a', ...fields }), headers)).to.equal(204);
  };
  const batch = (item: Item) =>
    send(server.port, 'POST', '/eureka/peerreplication/batch/', {
      body: JSON.stringify({ replicationList: [{ appName: 'ORDERS', id: 'a', ...item }] }),
      headers: { 'Content-Type': 'application/json' },
    });
  const elsewhere = () =>
    server.registry.catalog.register({
      keepNode: false,
      replaceChecks: false,
      node: aNode('node-1'),
      instance: anInstance('node-1', 'web', { id: 'w', meta: { a: 'b' } }),
      checks: [],
    });

  it('tells of registrations, overrides and cancellations, in order and as Eureka does', async () => {
    expect(await sent()).to.deep.equal([]);
    await register({ leaseInfo: { durationInSecs: 20 } });
    expect(await sender().send(true)).to.equal(false);
    const [request] = receiver.requests;
    expect(request?.method).to.equal('POST');
    expect(request?.url).to.equal('/eureka/peerreplication/batch/');
    expect(request?.headers).to.include({
      'content-type': 'application/json',
      accept: 'application/json',
      authorization: `Basic ${Buffer.from('user:p@ss').toString('base64')}`,
      'discoveryidentity-name': 'DefaultServer',
    });
    const [[item] = []] = receiver.batches;
    expect(item).to.deep.equal({
      appName: 'ORDERS',
      id: 'a',
      lastDirtyTimestamp: NOW - 1000,
      action: 'Register',
      status: 'UP',
      instanceInfo: await server.instance('ORDERS', 'a'),
    });
    receiver.take();

    await server.put(`${PATH}/status?value=OUT_OF_SERVICE`);
    expect(await sent()).to.deep.equal([
      'Register ORDERS a OUT_OF_SERVICE',
      'StatusUpdate ORDERS a OUT_OF_SERVICE',
    ]);
    await server.delete(`${PATH}/status?value=UP`);
    expect(await sent()).to.deep.equal([REGISTERED, 'DeleteStatusOverride ORDERS a UP']);
    await server.delete(PATH);
    expect(await sent()).to.deep.equal(['Cancel ORDERS a']);
    expect(await sent()).to.deep.equal([]);
    expect(answered).to.include.members(['Register 200', 'Cancel 200', 'StatusUpdate 200']);
    expect(sender().isAvailable).to.equal(true);
  });

  it('tells of instances registered elsewhere, and their maintenance', async () => {
    await elsewhere();
    expect(await sent()).to.deep.equal(['Register WEB node-1:w UP']);
    await server.put('/eureka/apps/WEB/node-1:w/status?value=OUT_OF_SERVICE');
    expect(await sent()).to.deep.equal([
      'Register WEB node-1:w OUT_OF_SERVICE',
      'StatusUpdate WEB node-1:w OUT_OF_SERVICE',
    ]);
    await server.delete('/eureka/apps/WEB/node-1:w');
    expect(await sent()).to.deep.equal(['Cancel WEB node-1:w']);
  });

  it('heartbeats for what is registered here, every renewal interval', async () => {
    await register({ leaseInfo: { renewalIntervalInSecs: 10 } });
    await elsewhere();
    expect(await sent()).to.have.length(2);
    server.clock.time += 9999;
    expect(await sent()).to.deep.equal([]);
    server.clock.time += 1;
    expect(await sent()).to.deep.equal(['Heartbeat ORDERS a UP']);
    expect(await sent()).to.deep.equal([]);
    server.clock.time += 20_000;
    expect(await sent()).to.have.members(['Heartbeat ORDERS a UP', 'Heartbeat WEB node-1:w UP']);
  });

  it('registers again what the peer does not know', async () => {
    await register();
    await sent();
    receiver.codes.set('Heartbeat', 404);
    server.clock.time += 30_000;
    expect(await sent()).to.deep.equal(['Heartbeat ORDERS a UP']);
    expect(await sent()).to.deep.equal([REGISTERED]);
    expect(await sent()).to.deep.equal([]);
  });

  it('takes over what is newer there, unless it is nonsense or was not registered through Eureka', async () => {
    await register();
    await elsewhere();
    await sent();
    receiver.codes.set('Heartbeat', 409);
    receiver.entity = 'nonsense';
    server.clock.time += 30_000;
    expect(await sent()).to.have.length(2);
    receiver.entity = anEurekaInstance({ instanceId: 'a', lastDirtyTimestamp: NOW, ipAddr: '10.7.7.7' });
    server.clock.time += 30_000;
    expect(await sent()).to.have.length(2);
    expect(await server.instance('ORDERS', 'a')).to.include({ ipAddr: '10.7.7.7' });
    await server.put(PATH);
    await sent();
    for (const other of [
      { app: 'WEB', instanceId: 'node-1:w', hostName: 'node-1', ipAddr: '10.8.8.8', lastDirtyTimestamp: NOW },
      { instanceId: 'b' },
    ]) {
      receiver.entity = anEurekaInstance(other);
      server.clock.time += 30_000;
      expect(await sent()).to.have.length(2);
    }
    expect(await server.instance('WEB', 'node-1:w')).to.include({ ipAddr: '10.0.0.1' });
    expect((await server.get('/eureka/apps/ORDERS/b')).status).to.equal(404);
    receiver.entity = anEurekaInstance({ instanceId: 'a', lastDirtyTimestamp: NOW });
    server.clock.time += 30_000;
    expect(await sent()).to.have.length(2);
    receiver.codes.clear();
    server.clock.time += 30_000;
    expect(await sent(), 'the peer hears of it there').to.deep.equal(['Heartbeat WEB node-1:w UP']);
  });

  it('never sends back what came by replication, and begins when a client talks to this registry', async () => {
    await register({}, { 'x-netflix-discovery-replication': 'true' });
    await batch({ action: 'StatusUpdate', status: 'DOWN' });
    await batch({ action: 'Heartbeat', lastDirtyTimestamp: NOW - 1000 });
    server.clock.time += 60_000;
    expect(await sent()).to.deep.equal([]);
    expect(await server.put(PATH)).to.equal(200);
    expect(await sent()).to.deep.equal(['Register ORDERS a DOWN']);
    await batch({ action: 'Heartbeat', lastDirtyTimestamp: NOW - 1000 });
    server.clock.time += 60_000;
    expect(await sent()).to.deep.equal([]);
    await batch({ action: 'Cancel' });
    expect(await sent()).to.deep.equal([]);

    await register();
    expect(await sent()).to.deep.equal([REGISTERED]);
    await batch({ action: 'StatusUpdate', status: 'OUT_OF_SERVICE' });
    expect(await server.instance('ORDERS', 'a')).to.include({ status: 'OUT_OF_SERVICE' });
    expect(await sent()).to.deep.equal([]);

    await elsewhere();
    await sent();
    await batch({ appName: 'WEB', id: 'node-1:w', action: 'StatusUpdate', status: 'OUT_OF_SERVICE' });
    expect(await sent()).to.deep.equal(['Register WEB node-1:w OUT_OF_SERVICE']);
  });

  it('sends from one node only, which tells of everything when its turn comes', async () => {
    await register();
    expect(await sender().send(false)).to.equal(false);
    expect(receiver.take()).to.deep.equal([]);
    expect(await sent()).to.deep.equal([REGISTERED]);
    await sender().send(false);
    expect(await sent()).to.deep.equal([REGISTERED]);
  });

  it('says it again after a failure of any kind', async () => {
    await register();
    for (const answer of [
      { status: 503 },
      { status: 302 },
      { status: 200, text: 'x' },
      { status: 200, text: '{}' },
      { status: 200, text: '{"responseList":[]}' },
    ]) {
      receiver.answer = answer;
      const error: unknown = await sender()
        .send(true)
        .catch((each: unknown) => each);
      expect(String(error), JSON.stringify(answer)).to.match(/^PeerError: the Eureka server http:\/\/127/);
      expect(String(error)).to.not.include('p@ss');
      if (answer.status !== 200) expect(String(error)).to.include(`answered ${String(answer.status)}`);
      expect(sender().isAvailable).to.equal(false);
    }
    expect(new Set(answered)).to.deep.equal(new Set(['Register 0']));
    const status = (await server.json('/eureka/status'))['applicationStats'] as Record<string, string>;
    expect(status['unavailable-replicas']).to.equal(`${sender().name}/,`);
    receiver.take();
    receiver.answer = undefined;
    expect(await sent()).to.deep.equal([REGISTERED]);
  });

  it('forgets no answer of a batch where what is newer there cannot be taken over', async () => {
    await register();
    await register({ instanceId: 'b' });
    await sent();
    answered.length = 0;
    receiver.codes.set('Heartbeat', 409);
    receiver.entity = anEurekaInstance({ instanceId: 'a', lastDirtyTimestamp: NOW, ipAddr: '10.7.7.7' });
    server.clock.time += 30_000;
    await server.closeStore();
    const error: unknown = await sender()
      .send(true)
      .catch((each: unknown) => each);
    expect(error).to.have.property('code', 'store_unavailable');
    expect(answered).to.deep.equal(['Heartbeat 409', 'Heartbeat 409']);
    receiver.take();
    expect(await sent(), 'until the next heartbeat').to.deep.equal([]);
  });

  it('sends at most 250 changes at once', async () => {
    for (let i = 0; i < 26; i++) {
      await Promise.all(
        Array.from({ length: 10 }, (_, j) => register({ instanceId: `i-${String(i)}-${String(j)}` })),
      );
    }
    expect(await sender().send(true)).to.equal(true);
    expect(await sender().send(true)).to.equal(false);
    expect(receiver.batches.map(({ length }) => length)).to.deep.equal([250, 10]);
  });

  it('moves an instance that changes its host', async () => {
    await register();
    await sent();
    await register({ hostName: 'host-2', ipAddr: '10.0.0.2' });
    expect((await sent()).sort()).to.deep.equal(['Cancel ORDERS a', REGISTERED]);
  });
});

describe('eureka replication between two registries', () => {
  it('shows each what is registered with the other, and sends nothing back', async () => {
    const two = await EurekaServer.start();
    const one = await EurekaServer.start({ replicateTo: [`http://127.0.0.1:${String(two.port)}/eureka`] });
    const back = await EurekaServer.start({ replicateTo: [`http://127.0.0.1:${String(one.port)}/eureka`] });
    try {
      expect(await one.register(anEurekaInstance({ instanceId: 'a', metadata: { k: 'v' } }))).to.equal(204);
      const [sender] = one.peerSenders;
      while (await sender?.send(true));
      expect(await two.instance('ORDERS', 'a')).to.deep.equal(await one.instance('ORDERS', 'a'));
      await one.put(`${PATH}/status?value=OUT_OF_SERVICE`);
      await sender?.send(true);
      expect(await two.instance('ORDERS', 'a')).to.include({
        status: 'OUT_OF_SERVICE',
        overriddenStatus: 'OUT_OF_SERVICE',
      });
      await one.delete(`${PATH}/status?value=UP`);
      await sender?.send(true);
      expect(await two.instance('ORDERS', 'a')).to.include({ status: 'UP', overriddenStatus: 'UNKNOWN' });

      expect(await back.register(anEurekaInstance({ instanceId: 'b' }))).to.equal(204);
      await back.peerSenders[0]?.send(true);
      expect(await one.instance('ORDERS', 'b')).to.include({ status: 'UP' });
      await sender?.send(true);
      expect((await two.get('/eureka/apps/ORDERS/b')).status).to.equal(404);
    } finally {
      await Promise.all([one.stop(), two.stop(), back.stop()]);
    }
  });
});
