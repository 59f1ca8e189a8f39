import { expect } from 'chai';
import { pureHashes } from '../../src/core/ring/index.ts';
import { Cluster } from '../../src/registry/cluster.ts';
import { registerCarts } from '../support/ring-instances.ts';
import { startRegistry } from '../support/registry.ts';

describe('registry: digest of the catalog', () => {
  it('is made once for all who ask for it at once', async () => {
    const { registry, view, stop } = await startRegistry();
    try {
      await registerCarts(registry, 600);
      let hashed = 0;
      const hash64: typeof pureHashes.xxh64 = (key, into) => {
        hashed++;
        pureHashes.xxh64(key, into);
      };
      const { settings } = registry;
      const cluster = new Cluster({ view, hash64, settings, nodeName: 'n1' });
      const digests = await Promise.all(Array.from({ length: 50 }, () => cluster.digest()));
      const [first] = digests;
      expect(first?.records).to.equal(view.state.size).and.to.be.above(1000);
      expect(new Set(digests.map(({ digest }) => digest)).size).to.equal(1);
      expect(hashed).to.equal(first?.records);

      await registerCarts(registry, 601);
      expect((await cluster.digest()).digest).not.to.equal(first?.digest);
    } finally {
      await stop();
    }
  });
});
