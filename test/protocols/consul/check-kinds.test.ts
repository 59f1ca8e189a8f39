import { expect } from 'chai';
import { eventually } from '../../support/eventually.ts';
import { answerGrpc, http2Target } from '../../support/http2-target.ts';
import { ConsulServer } from './consul-server.ts';

interface Shown {
  readonly Status: string;
  readonly Output: string;
  readonly Type: string;
}

const SCRIPTS_DISABLED =
  "Scripts are disabled on this agent from remote calls; to enable, configure 'enable_script_checks' to true";

describe('Consul checks by kind', () => {
  let server: ConsulServer;

  before(async () => {
    server = await ConsulServer.start();
  });

  after(() => server.stop());

  afterEach(async () => {
    // A check of the node counts for every alias on it.
    for (const id of Object.keys(await server.json<object>('/v1/agent/checks')))
      await server.put(`/v1/agent/check/deregister/${id}`);
  });

  async function register(definition: object, on = server): Promise<void> {
    const answer = await on.put('/v1/agent/check/register', definition);
    expect(answer.text).to.equal('');
    expect(answer.status).to.equal(200);
  }

  /** The check once it has that status. */
  async function turned(id: string, status: string, on = server): Promise<Shown> {
    return eventually(async () => {
      const check = (await on.json<Record<string, Shown>>('/v1/agent/checks'))[id];
      return check?.Status === status && check.Output !== '' ? check : undefined;
    }, `${status} of ${id}`);
  }

  it('runs gRPC, H2PING and UDP checks', async () => {
    const target = await http2Target((stream) => {
      answerGrpc(stream, Buffer.from([8, 1]));
    });
    const { address } = target;
    await register({ Name: 'g', GRPC: `${address}/cart`, Interval: '50ms' });
    await register({ Name: 'h', H2PING: address, h2ping_use_tls: false, Interval: '50ms' });
    await register({ Name: 'secure', H2PING: address, Interval: '50ms' });
    await register({ Name: 'u', UDP: address, Interval: '50ms', Timeout: '100ms' });
    expect(await turned('g', 'passing')).to.include({
      Type: 'grpc',
      Output: `gRPC check ${address}/cart: success`,
    });
    expect(await turned('h', 'passing')).to.include({ Type: 'h2ping', Output: 'HTTP2 ping was successful' });
    expect((await turned('secure', 'critical')).Output).to.match(/^Failed to dial to /);
    expect((await turned('u', 'critical')).Output).to.equal(`read udp ${address}: connection refused`);
    await target.stop();
    await turned('g', 'critical');
    await turned('h', 'critical');
  });

  it('keeps as much output as a check allows', async () => {
    await register({ Name: 'short', TTL: '1h', OutputMaxSize: 10 });
    await server.put('/v1/agent/check/pass/short?note=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa');
    expect((await turned('short', 'passing')).Output).to.equal('aaaaaaaaaa ... (captured 10 of 31 bytes)');
    await register({ Name: 'long', TTL: '1h', OutputMaxSize: 10_000 });
    await server.put('/v1/agent/check/update/long', { Status: 'passing', Output: 'b'.repeat(6000) });
    const { Output } = await turned('long', 'passing');
    expect(Output).to.equal(`${'b'.repeat(4096)} ... (captured 4096 of 6000 bytes)`);
  });

  it('refuses programs in whatever form unless the registry allows them', async () => {
    for (const definition of [
      { Args: ['true'] },
      { ScriptArgs: ['true'] },
      { script_args: ['true'] },
      { Args: ['true'], DockerContainerID: 'x' },
    ]) {
      const answer = await server.put('/v1/agent/check/register', {
        Name: 'sc',
        Interval: '1s',
        ...definition,
      });
      expect(answer).to.include({ status: 500, text: SCRIPTS_DISABLED });
    }
    const osService = { Name: 'os', OSService: 'sshd', Interval: '1s' };
    const answer = await server.put('/v1/agent/check/register', osService);
    expect(answer).to.include({ status: 500, text: 'OSService checks are not supported by this registry' });
    expect(await server.json('/v1/agent/checks')).to.not.have.any.keys('sc', 'os');
  });

  it('runs programs where the registry allows them', async () => {
    const allowing = await ConsulServer.start(true);
    await register({ Name: 'ok', Args: ['echo', 'fine'], Interval: '50ms' }, allowing);
    await register({ Name: 'no', ScriptArgs: ['sh', '-c', 'echo bad; exit 2'], Interval: '50ms' }, allowing);
    expect(await turned('ok', 'passing', allowing)).to.include({ Type: 'script', Output: 'fine\n' });
    expect(await turned('no', 'critical', allowing)).to.include({ Output: 'bad\n' });
    await allowing.stop();
  });

  it('runs no program that another registry node has let in', async () => {
    const place = { node: 'rollcall', instanceId: '', id: 'foreign', name: 'foreign', notes: '' };
    const source = { kind: 'script', args: ['true'], intervalMs: 50, timeoutMs: 1000 } as const;
    const check = { ...place, source, deregisterAfterMs: 0, overwriteStatus: false };
    await server.registry.catalog.register({ keepNode: true, checks: [check], replaceChecks: false });
    const { Output } = await turned('foreign', 'critical');
    expect(Output).to.equal('Scripts are disabled on this node of the registry');
  });

  describe('that repeat another', () => {
    const put = (path: string, body: unknown = '') => server.put(`/v1/agent/${path}`, body);

    it('follow the checks of a service and its node', async () => {
      await put('service/register', { Name: 'db' });
      await register({ Name: 'a', AliasService: 'db' });
      expect(await turned('a', 'passing')).to.include({ Type: 'alias', Output: 'No checks found.' });
      await register({ ID: 'd', Name: 'disk', ServiceID: 'db', TTL: '1h' });
      expect((await turned('a', 'critical')).Output).to.equal('Aliased check "disk" failing: ');
      await put('check/warn/d?note=tight');
      expect((await turned('a', 'warning')).Output).to.equal('Aliased check "disk" failing: tight');
      await put('check/pass/d');
      expect((await turned('a', 'passing')).Output).to.equal('All checks passing.');
      await put('service/maintenance/db?enable=true');
      await turned('a', 'critical');
      await put('service/maintenance/db?enable=false');
      await turned('a', 'passing');
      await put('maintenance?enable=true');
      await turned('a', 'critical');
      await put('maintenance?enable=false');
      await turned('a', 'passing');
      await put('service/deregister/db');
      expect((await turned('a', 'critical')).Output).to.equal(
        'Service db could not be found on node rollcall',
      );
    });

    it('follow a whole node, and services of other nodes', async () => {
      await register({ Name: 'n', AliasNode: 'far' });
      expect((await turned('n', 'critical')).Output).to.equal('Node far could not be found');
      const far = { Node: 'far', Address: '10.0.0.9' };
      await server.put('/v1/catalog/register', {
        ...far,
        Check: { CheckID: 'serfHealth', Name: 'Serf', Status: 'passing' },
      });
      expect((await turned('n', 'passing')).Output).to.equal('All checks passing.');
      await register({ Name: 'fs', AliasNode: 'far', AliasService: 'x' });
      await turned('fs', 'critical');
      await server.put('/v1/catalog/register', { ...far, Service: { Service: 'x' } });
      await turned('fs', 'passing');
      await server.put('/v1/catalog/register', {
        ...far,
        Check: { CheckID: 'serfHealth', Status: 'critical' },
      });
      await turned('n', 'critical');
      await turned('fs', 'critical');
    });

    it('do not hold each other down', async () => {
      await put('service/register', { Name: 'pair' });
      await register({ Name: 'p1', AliasService: 'pair' });
      await register({ Name: 'p2', AliasService: 'pair' });
      await turned('p2', 'passing');
      await put('service/maintenance/pair?enable=true');
      await turned('p1', 'critical');
      await turned('p2', 'critical');
      await put('service/maintenance/pair?enable=false');
      await turned('p1', 'passing');
      await turned('p2', 'passing');
    });
  });
});
