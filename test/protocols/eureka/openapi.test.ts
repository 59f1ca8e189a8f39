import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { EurekaServer } from '../../support/eureka-server.ts';

interface OpenApi {
  readonly components: {
    readonly examples: Readonly<
      Record<
        'MinimalInstance' | 'MinimalInstanceXml' | 'Instance' | 'Application' | 'Applications',
        { readonly value: unknown }
      >
    >;
  };
}

/** Keys in order and types of a JSON value, without its values. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shape);
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.entries(value).map(([key, each]) => [key, shape(each)]);
}

describe('eureka OpenAPI examples', () => {
  const { examples } = (parse(readFileSync('openapi/eureka.yaml', 'utf8')) as OpenApi).components;
  let server: EurekaServer;
  before(async () => {
    server = await EurekaServer.start();
  });
  after(async () => {
    await server.stop();
  });

  it('register as they are', async () => {
    for (const value of [examples.MinimalInstance.value, examples.Instance.value]) {
      expect((await server.post('ORDERS', JSON.stringify(value))).status).to.equal(204);
    }
    const xml = { 'Content-Type': 'application/xml' };
    expect((await server.post('ORDERS', String(examples.MinimalInstanceXml.value), xml)).status).to.equal(
      204,
    );
  });

  it('are shaped as the answers are', async () => {
    await server.delete('/eureka/apps/ORDERS/host-1:orders:8080');
    expect((await server.post('ORDERS', JSON.stringify(examples.Instance.value))).status).to.equal(204);
    expect(await server.put('/eureka/apps/ORDERS/host-1:orders:8080')).to.equal(200);
    const answered = async (path: string) => shape(await server.json(path));
    expect(await answered('/eureka/instances/host-1:orders:8080')).to.deep.equal(
      shape(examples.Instance.value),
    );
    expect(await answered('/eureka/apps/ORDERS')).to.deep.equal(shape(examples.Application.value));
    expect(await answered('/eureka/apps')).to.deep.equal(shape(examples.Applications.value));
  });
});
