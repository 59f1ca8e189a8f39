import { expect } from 'chai';
import { registerWithEureka, type RegisteredClient } from '../../support/eureka-client.ts';
import { EurekaServer } from '../../support/eureka-server.ts';
import { eventually } from '../../support/eventually.ts';

describe('eureka-js-client', () => {
  let server: EurekaServer;
  let registered: RegisteredClient | undefined;
  before(async () => {
    server = await EurekaServer.start();
  });
  after(async () => {
    await registered?.stop();
    await server.stop();
  });

  const isListed = async () => (await server.get('/eureka/apps/JSDEMO/host-js:jsdemo')).status === 200;

  it('registers, fetches, heartbeats, registers again when it is forgotten, and deregisters', async () => {
    registered = await registerWithEureka(server.port, {
      app: 'jsdemo',
      host: 'host-js',
      ip: '10.0.0.1',
      port: 8080,
    });
    const { client } = registered;
    expect(await isListed()).to.equal(true);
    expect(client.getInstancesByAppId('jsdemo').map(({ instanceId }) => instanceId)).to.deep.equal([
      'host-js:jsdemo',
    ]);

    server.clock.time += 5000;
    await eventually(async () => {
      const { leaseInfo } = (await server.instance('JSDEMO', 'host-js:jsdemo')) as {
        leaseInfo: { lastRenewalTimestamp: number };
      };
      return leaseInfo.lastRenewalTimestamp === server.clock.time;
    }, 'a heartbeat');

    expect(await server.delete('/eureka/apps/JSDEMO/host-js:jsdemo')).to.equal(200);
    await eventually(isListed, 'the second registration');

    await registered.stop();
    registered = undefined;
    expect(await isListed()).to.equal(false);
  });
});
