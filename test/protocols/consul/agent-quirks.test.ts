import { expect } from 'chai';
import { ConsulServer } from './consul-server.ts';

describe('Consul quirks of the agent', () => {
  let server: ConsulServer;

  before(async () => {
    server = await ConsulServer.start();
  });

  after(() => server.stop());

  it('Compat(consul): the reason is text here, but JSON for an id that is not known', async () => {
    const byId = await server.get('/v1/agent/health/service/id/zz?format=text');
    expect(byId).to.include({ status: 404, text: '"ServiceId zz not found"' });
    expect(byId.headers['content-type']).to.equal('application/json');
    const byName = await server.get('/v1/agent/health/service/name/zz?format=text');
    expect(byName).to.include({ status: 404, text: 'ServiceName zz Not Found' });
    expect(byName.headers['content-type']).to.equal('text/plain');
  });

  it('Compat(consul): several errors at once are a list, and a single one is a list of one', async () => {
    const proxy = { Name: 'p', Kind: 'connect-proxy', Proxy: { DestinationServiceName: 'x' } };
    expect((await server.put('/v1/agent/service/register', proxy)).text).to.equal(
      'Validation failed: 1 error occurred:\n\t* Port must be set for a Connect proxy\n\n',
    );
    const bare = { Name: 'p', Kind: 'connect-proxy' };
    expect((await server.put('/v1/agent/service/register', bare)).text).to.match(
      /^Validation failed: 2 errors occurred:\n\t\* .*\n\t\* .*\n\n$/,
    );
  });

  it('Compat(consul): an agent answers this from its cache', async () => {
    const { headers } = await server.get('/v1/agent/connect/ca/roots');
    expect(headers).to.include({ 'x-cache': 'HIT', age: '0' });
    const plain = await server.get('/v1/connect/ca/roots');
    expect(plain.headers).to.not.have.any.keys('x-cache', 'age');
  });
});
