import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { createLogger } from '../../../src/platform/logger.ts';
import { createEmbeddedStore } from '../../../src/store/embedded/index.ts';
import { createRedisStore } from '../../../src/store/redis/index.ts';
import type { Store } from '../../../src/store/store.ts';
import { anEurekaInstance, EurekaServer } from '../../support/eureka-server.ts';
import { RedisServer, requireRedis } from '../../support/redis-server.ts';

const AMAZON = {
  '@class': 'com.netflix.appinfo.AmazonInfo',
  name: 'Amazon',
  metadata: { 'instance-id': 'i-1', 'local-ipv4': '10.0.0.1' },
};
/** Everything that the catalog has no field of its own for. */
const WHOLE = anEurekaInstance({
  sid: 'x',
  appGroupName: 'GROUP',
  homePageUrl: 'http://host-1/',
  statusPageUrl: '',
  healthCheckUrl: 'http://host-1/health',
  secureHealthCheckUrl: 'https://host-1/health',
  secureVipAddress: 's1,s2',
  asgName: 'asg',
  countryId: 7,
  dataCenterInfo: AMAZON,
  leaseInfo: { renewalIntervalInSecs: 11, durationInSecs: 33 },
  metadata: { '1:a': '<&>', ü: '\u0001' },
});
const PATH = '/eureka/apps/ORDERS/host-1:orders:8080';

describe('what only Eureka knows of an instance', () => {
  const shown = async (server: EurekaServer) => {
    const json = await server.instance('ORDERS', 'host-1:orders:8080');
    return { json, xml: (await server.get(PATH)).text };
  };

  /** Registers on one store and looks at the same data through another. */
  async function isKept(open: () => Store): Promise<void> {
    const before = await EurekaServer.start({ store: open() });
    expect(await before.register(WHOLE)).to.equal(204);
    expect((await shown(before)).json).to.deep.include({
      dataCenterInfo: AMAZON,
      countryId: 7,
      statusPageUrl: '',
      metadata: { '1:a': '<&>', ü: '\u0001' },
    });
    expect(await before.register(WHOLE)).to.equal(204);
    expect(await before.put(`${PATH}/status?value=OUT_OF_SERVICE`)).to.equal(200);
    const was = await shown(before);
    await before.stop();
    const after = await EurekaServer.start({ store: open() });
    try {
      expect(await shown(after)).to.deep.equal(was);
      expect(await after.put(PATH)).to.equal(200);
      expect(await after.delete(`${PATH}/status?value=UP`)).to.equal(200);
      expect((await shown(after)).json).to.include({ status: 'UP', asgName: 'asg' });
    } finally {
      await after.stop();
    }
  }

  it('outlives a restart on the embedded store', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'rollcall-eureka-'));
    try {
      await isKept(() => createEmbeddedStore({ directory, logger: createLogger('silent') }));
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });

  it('outlives a restart on Redis', async function () {
    requireRedis(this);
    const redis = await RedisServer.start();
    const logger = createLogger('silent');
    const options = { url: redis.url, namespace: 'eureka', historyLength: 10_000, logger };
    try {
      await isKept(() => createRedisStore(options));
    } finally {
      await redis.stop();
    }
  });
});
