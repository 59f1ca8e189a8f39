import { expect } from 'chai';
import type { Store } from '../../../src/store/store.ts';
import { altered } from '../../support/altered-store.ts';
import { anEurekaInstance, EurekaServer, NOW } from '../../support/eureka-server.ts';
import { send, type HttpAnswer } from '../../support/http.ts';

type Fields = Readonly<Record<string, unknown>>;

const BATCH = '/eureka/v2/peerreplication/batch/';

/** A store in which somebody else has always been faster. */
function contended(store: Store): Store {
  return altered(store, {
    commit: ({ compares: [compare] }) => {
      if (compare === undefined) throw new Error('a write that relies on nothing');
      return Promise.resolve({ outcome: 'conflict', compare });
    },
  });
}

describe('eureka peer replication', () => {
  let server: EurekaServer;
  beforeEach(async () => {
    server = await EurekaServer.start();
  });
  afterEach(async () => {
    await server.stop();
  });

  const post = (body: string, type = 'application/json'): Promise<HttpAnswer> =>
    send(server.port, 'POST', BATCH, { body, headers: { 'Content-Type': type, Accept: 'application/json' } });
  const replicate = async (...items: Fields[]) => {
    const list = items.map((item) => ({ appName: 'ORDERS', id: 'a', ...item }));
    const { status, text } = await post(JSON.stringify({ replicationList: list }));
    expect(status).to.equal(200);
    return (JSON.parse(text) as { responseList: { statusCode: number; responseEntity?: Fields }[] })
      .responseList;
  };
  const codes = async (...items: Fields[]) => (await replicate(...items)).map(({ statusCode }) => statusCode);
  const aRegistration = (fields: Fields = {}) => ({
    action: 'Register',
    instanceInfo: anEurekaInstance({ instanceId: 'a', ...fields }),
  });

  it('takes every action, those of one instance in their order', async () => {
    expect(
      await codes(
        { action: 'Heartbeat' },
        aRegistration(),
        { action: 'Heartbeat', status: 'UP', lastDirtyTimestamp: NOW - 1000 },
        { action: 'StatusUpdate', status: 'OUT_OF_SERVICE', lastDirtyTimestamp: NOW - 1000 },
      ),
    ).to.deep.equal([404, 200, 200, 200]);
    expect(await server.instance('ORDERS', 'a')).to.include({
      status: 'OUT_OF_SERVICE',
      overriddenStatus: 'OUT_OF_SERVICE',
    });
    expect(await codes({ action: 'DeleteStatusOverride', status: 'UP' })).to.deep.equal([200]);
    expect(await server.instance('ORDERS', 'a')).to.include({ status: 'UP', overriddenStatus: 'UNKNOWN' });
    expect(await codes({ action: 'Cancel' }, { action: 'Cancel' })).to.deep.equal([200, 404]);
    expect((await server.get('/eureka/apps/ORDERS/a')).status).to.equal(404);
  });

  it('answers 409 with what is registered to a peer whose data is older, 404 to one whose data is newer', async () => {
    await replicate(aRegistration());
    const [older, newer] = await replicate(
      { action: 'Heartbeat', status: 'UP', lastDirtyTimestamp: NOW - 2000 },
      { action: 'Heartbeat', status: 'UP', lastDirtyTimestamp: NOW },
    );
    expect(older?.statusCode).to.equal(409);
    expect(older?.responseEntity).to.deep.equal(await server.instance('ORDERS', 'a'));
    expect(newer).to.deep.equal({ statusCode: 404 });
  });

  it('believes a peer about OUT_OF_SERVICE, as a client is not', async () => {
    await replicate(aRegistration());
    const out = { instanceId: 'a', status: 'OUT_OF_SERVICE' };
    expect(await server.register(anEurekaInstance(out))).to.equal(204);
    expect(await server.instance('ORDERS', 'a')).to.include({ status: 'UP' });
    await replicate(aRegistration(out));
    expect(await server.instance('ORDERS', 'a')).to.include({ status: 'OUT_OF_SERVICE' });
  });

  it('Compat(eureka): a registration is answered 200 even where it was refused', async () => {
    expect(
      await codes(aRegistration({ hostName: '' }), { ...aRegistration(), appName: 'OTHER' }),
    ).to.deep.equal([200, 200]);
    expect((await server.get('/eureka/apps')).text).to.not.include('<instance>');
  });

  it('refuses single changes that make no sense and takes the others', async () => {
    expect(
      await codes(
        { action: 'Register' },
        { action: 'Register', instanceInfo: { app: 'ORDERS', dataCenterInfo: 1 } },
        { action: 'Cancel', id: '' },
        aRegistration(),
        { action: 'StatusUpdate', status: 'bogus' },
        { action: 'StatusUpdate' },
      ),
    ).to.deep.equal([500, 500, 500, 200, 500, 500]);
    expect(await server.instance('ORDERS', 'a')).to.include({ status: 'UP' });
  });

  it('refuses what is no batch', async () => {
    const good = { appName: 'ORDERS', id: 'a', ...aRegistration() };
    const list = (...items: unknown[]) => JSON.stringify({ replicationList: items });
    for (const body of [
      '',
      '{',
      'null',
      '[]',
      '{}',
      list(null),
      list(good, { ...good, action: 'Dance' }),
      list(1),
    ]) {
      const { status, text } = await post(body);
      expect({ body, status, text }).to.deep.equal({
        body,
        status: 400,
        text: '{"error": "cannot parse request body"}',
      });
    }
    expect((await post(list(good), 'application/xml')).status).to.equal(415);
    expect((await post(list(...Array<unknown>(1001).fill(good)))).status).to.equal(413);
    expect((await server.get('/eureka/apps')).text).to.not.include('<instance>');
    expect((await post(list())).text).to.equal('{"responseList":[]}');
  });

  it('fails as a whole while the store is away, so that the peer sends it again', async () => {
    await replicate(aRegistration());
    await server.closeStore();
    const item = { appName: 'ORDERS', id: 'a', action: 'Cancel' };
    expect((await post(JSON.stringify({ replicationList: [item] }))).status).to.equal(503);
  });

  it('fails as a whole where others kept getting in the way of a change, so that the peer sends it again', async () => {
    await server.stop();
    server = await EurekaServer.start({ wrap: contended });
    const item = { appName: 'ORDERS', id: 'a', ...aRegistration() };
    expect((await post(JSON.stringify({ replicationList: [item] }))).status).to.equal(503);
  });

  it('takes a full batch of one host', async () => {
    const items = Array.from({ length: 250 }, (_, i) => ({
      id: `i${String(i)}`,
      ...aRegistration({ instanceId: `i${String(i)}` }),
    }));
    expect(new Set(await codes(...items))).to.deep.equal(new Set([200]));
    expect((await server.get('/eureka/apps')).text).to.include('<apps__hashcode>UP_250_<');
  });
});
