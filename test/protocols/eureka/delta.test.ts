import { expect } from 'chai';
import type { CheckStatus, Registration } from '../../../src/core/index.ts';
import { anEurekaInstance, EurekaServer } from '../../support/eureka-server.ts';
import { aCheck, aNode, anInstance } from '../../support/pure-catalog.ts';

interface Delta {
  readonly version: string;
  readonly hashCode: string;
  /** `APP: ACTION id STATUS, ...` */
  readonly changed: readonly string[];
}

describe('eureka delta', () => {
  let server: EurekaServer;
  beforeEach(async () => {
    server = await EurekaServer.start();
  });
  afterEach(async () => {
    await server.stop();
  });

  const register = async (instanceId: string, fields: Readonly<Record<string, unknown>> = {}) => {
    expect(await server.register(anEurekaInstance({ instanceId, ...fields }))).to.equal(204);
  };
  const orders = (id: string) => `/eureka/apps/ORDERS/${id}`;
  const delta = async (): Promise<Delta> => {
    const { applications } = (await server.json('/eureka/apps/delta')) as {
      applications: {
        versions__delta: string;
        apps__hashcode: string;
        application: {
          name: string;
          instance: { instanceId: string; status: string; actionType: string }[];
        }[];
      };
    };
    return {
      version: applications.versions__delta,
      hashCode: applications.apps__hashcode,
      changed: applications.application.map(
        ({ name, instance }) =>
          `${name}: ${instance.map((each) => `${each.actionType} ${each.instanceId} ${each.status}`).join(', ')}`,
      ),
    };
  };
  const registerInCatalog = (fields: Partial<Registration>) =>
    server.registry.catalog.register({
      node: aNode('agent'),
      keepNode: true,
      checks: [],
      replaceChecks: false,
      ...fields,
    });

  it('names an override that leaves the status as it was', async () => {
    const taken = async (id: string, instanceId: string) => {
      const check = aCheck('agent', id, { status: 'critical', instanceId });
      await registerInCatalog({ checks: [{ ...check, overwriteStatus: true }] });
    };
    await registerInCatalog({ instance: anInstance('agent', 'web', { id: 'w' }) });
    await taken('_node_maintenance', '');
    // A client that is there already.
    expect((await delta()).changed).to.deep.equal(['WEB: ADDED agent:w OUT_OF_SERVICE']);
    server.clock.time += 400_000;
    expect((await delta()).changed).to.deep.equal([]);
    await taken('_service_maintenance:w', 'w');
    expect((await delta()).changed).to.deep.equal(['WEB: MODIFIED agent:w OUT_OF_SERVICE']);
  });

  it('names what each change was, once for each instance', async () => {
    expect((await delta()).changed).to.deep.equal([]);
    await register('a');
    expect((await delta()).changed).to.deep.equal(['ORDERS: ADDED a UP']);
    await server.put(`${orders('a')}/status?value=OUT_OF_SERVICE`);
    expect((await delta()).changed).to.deep.equal(['ORDERS: MODIFIED a OUT_OF_SERVICE']);
    await server.put(`${orders('a')}/metadata?zone=b`);
    expect((await delta()).changed).to.deep.equal(['ORDERS: ADDED a OUT_OF_SERVICE']);
    await server.delete(`${orders('a')}/status?value=UP`);
    expect((await delta()).changed).to.deep.equal(['ORDERS: MODIFIED a UP']);
    await server.delete(orders('a'));
    expect((await delta()).changed).to.deep.equal(['ORDERS: DELETED a UP']);
  });

  it('says when an instance was deleted', async () => {
    await register('a');
    server.clock.time += 1000;
    await server.delete(orders('a'));
    const { text } = await server.get('/eureka/apps/delta');
    expect(text).to.include(`<evictionTimestamp>${String(server.clock.time)}</evictionTimestamp>`);
    expect(text).to.include(`<lastUpdatedTimestamp>${String(server.clock.time)}</lastUpdatedTimestamp>`);
    expect(text).to.include('<apps__hashcode></apps__hashcode>');
  });

  it('lists the deleted after the others of their application', async () => {
    await register('a');
    await register('b');
    await server.delete(orders('a'));
    await register('c');
    await register('x', { app: 'CARTS' });
    expect((await delta()).changed).to.deep.equal([
      'CARTS: ADDED x UP',
      'ORDERS: ADDED b UP, ADDED c UP, DELETED a UP',
    ]);
  });

  it('forgets a change after 180 seconds and keeps the hash code of everything', async () => {
    await register('a');
    server.clock.time += 100_000;
    await register('b');
    expect(await delta()).to.deep.include({
      hashCode: 'UP_2_',
      changed: ['ORDERS: ADDED a UP, ADDED b UP'],
    });
    server.clock.time += 81_000;
    expect(await delta()).to.deep.include({ hashCode: 'UP_2_', changed: ['ORDERS: ADDED b UP'] });
    server.clock.time += 181_000;
    expect(await delta()).to.deep.include({ hashCode: 'UP_2_', changed: [] });
  });

  it('has a version that grows with every change, and only then', async () => {
    await register('a');
    const first = await delta();
    await server.put(orders('a'));
    expect(await delta()).to.deep.equal(first);
    await register('b');
    expect(Number((await delta()).version)).to.be.greaterThan(Number(first.version));
  });

  it('moves an instance to another host without deleting it', async () => {
    await register('a');
    await register('a', { hostName: 'host-2' });
    expect(await delta()).to.deep.include({ hashCode: 'UP_1_', changed: ['ORDERS: ADDED a UP'] });
  });

  it('shows what was done through the catalog: health, maintenance, another service', async () => {
    const check = async (id: string, status: CheckStatus, instanceId = '') => {
      const checks = [{ ...aCheck('agent', id, { status, instanceId }), overwriteStatus: true }];
      await registerInCatalog({ checks });
      return (await delta()).changed;
    };
    await registerInCatalog({ instance: anInstance('agent', 'web', { id: 'w' }) });
    expect((await delta()).changed).to.deep.equal(['WEB: ADDED agent:w UP']);
    expect(await check('_service_maintenance:w', 'critical', 'w')).to.deep.equal([
      'WEB: MODIFIED agent:w OUT_OF_SERVICE',
    ]);
    await server.registry.catalog.deregisterCheck('agent', '_service_maintenance:w');
    expect((await delta()).changed).to.deep.equal(['WEB: MODIFIED agent:w UP']);
    expect(await check('disk', 'critical')).to.deep.equal(['WEB: MODIFIED agent:w DOWN']);
    expect(await check('disk', 'passing')).to.deep.equal(['WEB: MODIFIED agent:w UP']);
    await registerInCatalog({ instance: anInstance('agent', 'api', { id: 'w' }) });
    expect(await delta()).to.deep.include({
      hashCode: 'UP_1_',
      changed: ['API: ADDED agent:w UP', 'WEB: DELETED agent:w UP'],
    });
  });

  it('names an evicted instance', async () => {
    await register('a');
    await server.registry.catalog.deregisterNode('host-1');
    expect(await delta()).to.deep.include({ hashCode: '', changed: ['ORDERS: DELETED a UP'] });
  });
});
