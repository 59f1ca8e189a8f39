import { expect } from 'chai';
import { ConsulServer } from './consul-server.ts';

const NODES = ['near-a', 'near-b', 'near-c', 'near-d'];

describe('Consul lookups by distance', () => {
  let server: ConsulServer;

  before(async () => {
    server = await ConsulServer.start();
    for (const node of NODES) {
      await server.put('/v1/catalog/register', {
        Node: node,
        Address: '10.0.0.1',
        Service: { Service: 'far' },
        Check: { CheckID: 'c', ServiceID: 'far', Status: 'passing' },
      });
    }
    // On a line; nobody knows where d is.
    for (const [node, at] of [
      ['near-a', 0.5],
      ['near-b', 0.1],
      ['near-c', 0.2],
    ] as const) {
      const coordinate = { vec: [at, 0, 0, 0, 0, 0, 0, 0], error: 0.1, adjustment: 0, height: 0.001 };
      await server.registry.coordinates.update({ node, segment: '', coordinate });
    }
    await server.put('/v1/kv/x', '');
  });

  after(() => server.stop());

  const order = async (path: string, nodeOf: (item: never) => string) =>
    (await server.json<never[]>(path)).map(nodeOf).filter((node) => NODES.includes(node));
  const plain = ({ Node }: { Node: string }) => Node;
  const nested = ({ Node }: { Node: { Node: string } }) => Node.Node;
  const lookups: readonly (readonly [path: string, nodeOf: (item: never) => string])[] = [
    ['/v1/catalog/nodes', plain],
    ['/v1/catalog/service/far', plain],
    ['/v1/health/service/far', nested],
    ['/v1/health/checks/far', plain],
    ['/v1/health/state/passing', plain],
  ];

  for (const [path, nodeOf] of lookups) {
    it(`sort ${path} by round trip, nodes whose place is unknown last`, async () => {
      expect(await order(path, nodeOf)).to.deep.equal(NODES);
      expect(await order(`${path}?near=near-b`, nodeOf)).to.deep.equal([
        'near-b',
        'near-c',
        'near-a',
        'near-d',
      ]);
      expect(await order(`${path}?near=NEAR-A`, nodeOf)).to.deep.equal([
        'near-a',
        'near-c',
        'near-b',
        'near-d',
      ]);
      for (const unknown of ['near-d', 'nobody', '_agent'])
        expect(await order(`${path}?near=${unknown}`, nodeOf), unknown).to.deep.equal(NODES);
    });
  }

  it('sort what a prepared query finds, by what the reader or the query itself wants to be near to', async () => {
    const executed = async (name: string, options: string) => {
      const path = `/v1/query/${name}/execute?${options}`;
      return (await server.json<{ Nodes: { Node: { Node: string } }[] }>(path)).Nodes.map(nested);
    };
    await server.registry.queries.create(query('far-query', 'near-c'));
    expect(await executed('far-query', '')).to.deep.equal(['near-c', 'near-b', 'near-a', 'near-d']);
    expect(await executed('far-query', 'near=near-a&limit=2')).to.deep.equal(['near-a', 'near-c']);
    expect(await executed('far-query', 'near=near-d')).to.include.members(NODES);
    // Where distances say nothing, the node itself comes first all the same.
    for (let i = 0; i < 10; i++) expect((await executed('far-query', 'near=near-d'))[0]).to.equal('near-d');
  });

  it('shuffle what a prepared query finds where nobody wants to be near', async () => {
    await server.registry.queries.create(query('shuffled', ''));
    const firsts = new Set<string | undefined>();
    for (let i = 0; i < 200 && firsts.size < NODES.length; i++)
      firsts.add(server.registry.queries.execute('shuffled', { limit: 1 })?.instances[0]?.node.name);
    expect([...firsts].sort()).to.deep.equal(NODES);
  });
});

function query(name: string, near: string) {
  const target = { service: 'far', failover: { nearest: 0 }, onlyPassing: false, near, isConnect: false };
  return { name, session: '', token: '', target };
}
