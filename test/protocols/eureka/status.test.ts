import { expect } from 'chai';
import { anEurekaInstance, EurekaServer, NOW } from '../../support/eureka-server.ts';

const PATH = '/eureka/apps/ORDERS/host-1:orders:8080';
const LATER = NOW + 60_000;

describe('eureka status', () => {
  let server: EurekaServer;
  before(async () => {
    server = await EurekaServer.start();
  });
  after(async () => {
    await server.stop();
  });
  beforeEach(async () => {
    server.clock.time = NOW;
    await server.delete(PATH);
    expect(await server.register(anEurekaInstance({ lastDirtyTimestamp: 1000 }))).to.equal(204);
    server.clock.time = LATER;
  });

  const instance = () => server.instance('ORDERS', 'host-1:orders:8080');
  const register = (fields: Readonly<Record<string, unknown>>) =>
    server.register(anEurekaInstance({ lastDirtyTimestamp: 1000, ...fields }));

  describe('override', () => {
    it('wins over what the instance registers, until it is released', async () => {
      expect(await server.put(`${PATH}/status?value=OUT_OF_SERVICE`)).to.equal(200);
      const overridden = { status: 'OUT_OF_SERVICE', overriddenStatus: 'OUT_OF_SERVICE' };
      expect(await instance()).to.include({
        ...overridden,
        actionType: 'MODIFIED',
        lastUpdatedTimestamp: String(LATER),
      });
      expect(await register({ status: 'UP' })).to.equal(204);
      expect(await instance()).to.include({ ...overridden, actionType: 'ADDED' });
      expect(await server.put(PATH)).to.equal(200);
      expect(await instance()).to.include(overridden);

      expect(await server.delete(`${PATH}/status?value=UP`)).to.equal(200);
      expect(await instance()).to.include({
        status: 'UP',
        overriddenStatus: 'UNKNOWN',
        actionType: 'MODIFIED',
      });
    });

    it('released without a value leaves UNKNOWN, which the next registration replaces', async () => {
      await server.put(`${PATH}/status?value=OUT_OF_SERVICE`);
      expect(await server.delete(`${PATH}/status`)).to.equal(200);
      expect(await instance()).to.include({ status: 'UNKNOWN' });
      expect(await server.put(PATH)).to.equal(404);
      expect(await register({ status: 'UP' })).to.equal(204);
      expect(await instance()).to.include({ status: 'UP' });
    });

    it('with the status the instance has changes nothing', async () => {
      expect(await server.put(`${PATH}/status?value=UP`)).to.equal(200);
      expect(await instance()).to.include({
        overriddenStatus: 'UNKNOWN',
        actionType: 'ADDED',
        lastUpdatedTimestamp: String(NOW),
      });
      expect(await server.delete(`${PATH}/status`)).to.equal(200);
      expect(await instance()).to.include({ status: 'UP' });
    });

    it('raises lastDirtyTimestamp only', async () => {
      await server.put(`${PATH}/status?value=DOWN&lastDirtyTimestamp=999`);
      expect(await instance()).to.include({ status: 'DOWN', lastDirtyTimestamp: '1000' });
      await server.delete(`${PATH}/status?value=UP&lastDirtyTimestamp=1001`);
      expect(await instance()).to.include({ lastDirtyTimestamp: '1001' });
    });

    it('to UP is when the service came up', async () => {
      await server.delete(PATH);
      expect(await register({ status: 'STARTING' })).to.equal(204);
      expect((await instance())['leaseInfo']).to.include({ serviceUpTimestamp: 0 });
      await server.put(`${PATH}/status?value=UP`);
      expect((await instance())['leaseInfo']).to.include({ serviceUpTimestamp: LATER });
    });

    for (const query of ['', '?value=', '?value=up', '?value=BOGUS', '?value=UP&lastDirtyTimestamp=x']) {
      it(`is 500 for "${query}" and changes nothing`, async () => {
        const { revision } = server.registry.state;
        expect(await server.put(`${PATH}/status${query}`)).to.equal(500);
        if (query !== '') expect(await server.delete(`${PATH}/status${query}`)).to.equal(500);
        expect(server.registry.state.revision).to.equal(revision);
      });
    }

    it('is 404 for an unknown instance', async () => {
      expect(await server.put('/eureka/apps/ORDERS/none/status?value=DOWN')).to.equal(404);
      expect(await server.delete('/eureka/apps/ORDERS/none/status?value=bogus')).to.equal(404);
    });

    it('goes when the instance is cancelled', async () => {
      await server.put(`${PATH}/status?value=OUT_OF_SERVICE`);
      await server.delete(PATH);
      expect(await register({ status: 'UP' })).to.equal(204);
      expect(await instance()).to.include({ status: 'UP', overriddenStatus: 'UNKNOWN' });
    });
  });

  describe('registering again', () => {
    it('Compat(eureka): an instance that registers OUT_OF_SERVICE while it is UP stays UP, and the other way round', async () => {
      expect(await register({ status: 'OUT_OF_SERVICE' })).to.equal(204);
      expect(await instance()).to.include({ status: 'UP' });
      for (const status of ['DOWN', 'OUT_OF_SERVICE', 'UP']) expect(await register({ status })).to.equal(204);
      expect(await instance()).to.include({ status: 'OUT_OF_SERVICE' });
    });

    it('says what it says where a peer replicates it', async () => {
      const replicated = { 'x-netflix-discovery-replication': 'true' };
      const body = JSON.stringify({ instance: anEurekaInstance({ status: 'OUT_OF_SERVICE' }) });
      expect((await server.post('ORDERS', body, replicated)).status).to.equal(204);
      expect(await instance()).to.include({ status: 'OUT_OF_SERVICE' });
    });

    it('takes DOWN and then UP', async () => {
      for (const status of ['DOWN', 'UP', 'STARTING']) {
        expect(await register({ status })).to.equal(204);
        expect(await instance()).to.include({ status });
      }
    });

    it('Compat(eureka): an older registration keeps what is registered, and only renews it', async () => {
      expect(
        await register({ lastDirtyTimestamp: 999, ipAddr: '10.9.9.9', leaseInfo: { durationInSecs: 40 } }),
      ).to.equal(204);
      const info = await instance();
      expect(info).to.include({
        ipAddr: '10.0.0.1',
        lastDirtyTimestamp: '1000',
        lastUpdatedTimestamp: String(LATER),
      });
      expect(info['leaseInfo']).to.include({
        registrationTimestamp: LATER,
        durationInSecs: 40,
        serviceUpTimestamp: NOW,
      });
    });

    it('replaces what is as old or older', async () => {
      expect(await register({ ipAddr: '10.9.9.9' })).to.equal(204);
      expect(await instance()).to.include({ ipAddr: '10.9.9.9' });
    });
  });

  describe('metadata', () => {
    it('is added to what there is, the first value of a key winning', async () => {
      await register({ metadata: { zone: 'a', kept: 'yes' } });
      expect(await server.put(`${PATH}/metadata?zone=b&zone=c&__proto__=d&new=%C3%BC`)).to.equal(200);
      const info = await instance();
      expect(JSON.stringify(info['metadata'])).to.equal(
        '{"zone":"b","kept":"yes","new":"ü","__proto__":"d"}',
      );
      expect(info).to.include({ actionType: 'ADDED', lastDirtyTimestamp: '1000' });
      expect(info['leaseInfo']).to.include({ registrationTimestamp: LATER });
    });

    it('is bounded', async () => {
      const answers: number[] = [];
      for (let i = 0; i < 40 && !answers.includes(413); i++) {
        answers.push(await server.put(`${PATH}/metadata?key-${String(i)}=${'x'.repeat(10_000)}`));
      }
      expect(answers.slice(-2)).to.deep.equal([200, 413]);
      expect(answers).to.have.length.above(20);
    });

    it('is 200 without parameters and 404 for an unknown instance', async () => {
      expect(await server.put(`${PATH}/metadata`)).to.equal(200);
      expect(await server.put('/eureka/apps/ORDERS/none/metadata?a=b')).to.equal(404);
    });
  });
});
