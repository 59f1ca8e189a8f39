import { X509Certificate } from 'node:crypto';
import { expect } from 'chai';
import { createMetrics } from '../../../src/platform/metrics.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { systemRandom } from '../../../src/platform/random.ts';
import { createConsulDialect } from '../../../src/protocols/consul/index.ts';
import { createRoot } from '../../../src/protocols/consul/root-certificate.ts';
import { serveDialects, send } from '../../support/http.ts';
import { ConsulServer, indexOf } from './consul-server.ts';

interface Roots {
  readonly ActiveRootID: string;
  readonly TrustDomain: string;
  readonly Roots: readonly Readonly<Record<string, unknown>>[];
}

interface Sampled {
  readonly Name: string;
  readonly Count: number;
  readonly Sum: number;
  readonly Labels: Readonly<Record<string, string>>;
}

describe('Consul about its host', () => {
  let server: ConsulServer;

  before(async () => {
    server = await ConsulServer.start();
  });

  after(() => server.stop());

  const put = (path: string) => server.put(`/v1/agent/${path}`);

  it('names the version it speaks', async () => {
    expect(await server.json('/v1/agent/version')).to.deep.equal({
      SHA: '',
      BuildDate: '1970-01-01T00:00:01Z',
      HumanVersion: '1.22.0',
      FIPS: '',
    });
  });

  it('describes the machine', async () => {
    const host = await server.json<Record<string, Record<string, unknown>>>('/v1/agent/host');
    expect(Object.keys(host)).to.deep.equal(['Memory', 'CPU', 'Host', 'Disk', 'CollectionTime', 'Errors']);
    expect(host['Memory']?.['total']).to.be.above(0);
    expect(host['CPU']).to.be.an('array').that.is.not.empty;
    expect(host['Host']).to.include({ os: 'linux' });
    expect(host['Disk']).to.include({ path: '/' });
    expect(host['Disk']?.['used']).to.be.above(0);
    expect(Number(host['CollectionTime'])).to.be.above(1e18);
  });

  it('joins whoever is a member already, and says why it can join nobody else', async () => {
    expect(await put('join/127.0.0.1:8301')).to.include({ status: 200, text: '' });
    expect(await put('join/registry-1')).to.include({ status: 200, text: '' });
    expect(await put('join/10.9.9.9')).to.include({
      status: 500,
      text: '1 error occurred:\n\t* Failed to join 10.9.9.9: the nodes of this registry find each other in the store they share\n\n',
    });
  });

  it('does not stop for a client', async () => {
    expect(await put('leave')).to.include({ status: 403 });
    expect((await server.get('/v1/agent/version')).status).to.equal(200);
  });

  it('lets a failed node go when told to, and no other', async () => {
    expect(await put('force-leave/zz')).to.include({
      status: 500,
      text: "agent: No node found with name 'zz'",
    });
    const failing = {
      Node: 'registry-9',
      Address: '10.0.0.9',
      Check: { CheckID: 'serfHealth', Status: 'critical' },
    };
    await server.put('/v1/catalog/register', failing);
    expect((await put('force-leave/registry-9')).status).to.equal(200);
    expect((await put('force-leave/registry-1')).status).to.equal(200);
    const names = (await server.json<{ Node: string }[]>('/v1/catalog/nodes')).map(({ Node }) => Node);
    expect(names).to.include('registry-1').and.not.include('registry-9');
  });

  it("has addresses and metadata as Consul's servers have", async () => {
    for (const name of ['registry-1', 'rollcall']) {
      expect((await server.json<{ Node: object }>(`/v1/catalog/node/${name}`)).Node).to.deep.include({
        TaggedAddresses: {
          lan: '127.0.0.1',
          lan_ipv4: '127.0.0.1',
          wan: '127.0.0.1',
          wan_ipv4: '127.0.0.1',
        },
        Meta: { 'consul-network-segment': '', 'consul-version': '1.22.0' },
      });
    }
  });

  describe('metrics', () => {
    it('are shown as Consul shows its own, and as Prometheus reads them', async () => {
      const metrics = createMetrics();
      metrics.httpAnswered('consul', 200, 0.25);
      metrics.httpAnswered('consul', 200, 0.5);
      metrics.observe({ rollcall_instances: { help: 'Instances.', value: () => 7 } });
      const options = {
        clock: systemClock,
        random: systemRandom,
        kvMaxValueBytes: 1,
        checkIntervalMinMs: 1,
        checkDeregisterMinMs: 1,
      };
      const dialect = createConsulDialect(server.registry, { ...options, metrics });
      const metered = await serveDialects([dialect]);
      const { text } = await send(metered.port, 'GET', '/v1/agent/metrics');
      const shown = JSON.parse(text) as Record<'Gauges' | 'Counters' | 'Samples', Sampled[]>;
      expect(Object.keys(shown)).to.deep.equal(['Timestamp', 'Gauges', 'Points', 'Counters', 'Samples']);
      expect(text).to.match(/^\{"Timestamp":"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000 UTC",/);
      expect(shown.Gauges).to.deep.include({ Name: 'rollcall_instances', Value: 7, Labels: {} });
      expect(shown.Counters.find(({ Name }) => Name === 'rollcall_http_requests_total')).to.deep.include({
        Count: 2,
        Labels: { dialect: 'consul', status: '200' },
      });
      expect(shown.Samples.find(({ Name }) => Name === 'rollcall_http_request_seconds')).to.deep.include({
        Count: 2,
        Sum: 0.75,
        Mean: 0.375,
        Labels: { dialect: 'consul' },
      });
      const page = await send(metered.port, 'GET', '/v1/agent/metrics?format=prometheus');
      expect(page.headers['content-type']).to.match(/^text\/plain; version=0\.0\.4/);
      expect(page.text).to.include('rollcall_instances 7\n');
      await metered.stop();
    });

    it('are none where nobody counts', async () => {
      expect(await server.json('/v1/agent/metrics')).to.deep.include({
        Gauges: [],
        Counters: [],
        Samples: [],
      });
      expect(await server.get('/v1/agent/metrics?format=prometheus')).to.include({
        status: 415,
        text: 'Prometheus is not enabled since its retention time is not positive',
      });
    });
  });

  describe('root certificate', () => {
    it('is made once, whoever asks first, and can be waited for', async () => {
      const paths = ['/v1/connect/ca/roots', '/v1/agent/connect/ca/roots'];
      const answers = await Promise.all([...paths, ...paths].map((path) => server.get(path)));
      expect(new Set(answers.map(({ text }) => text)).size).to.equal(1);
      expect(answers[1]?.headers).to.include({ 'x-cache': 'HIT', age: '0' });
      const [first] = answers;
      if (first === undefined) throw new Error('no answer');
      expect(indexOf(first)).to.be.above(0);
      const again = await server.get(`/v1/connect/ca/roots?index=${String(indexOf(first))}&wait=50ms`);
      expect(again.text).to.equal(first.text);
    });

    it('verifies, and is what is said of it', async () => {
      const { ActiveRootID, TrustDomain, Roots } = await server.json<Roots>('/v1/connect/ca/roots');
      const [root = {}] = Roots;
      const certificate = new X509Certificate(String(root['RootCert']));
      expect(certificate.verify(certificate.publicKey)).to.equal(true);
      expect(certificate.ca).to.equal(true);
      expect(certificate.subjectAltName).to.equal(`URI:spiffe://${TrustDomain}`);
      expect(certificate.fingerprint.toLowerCase()).to.equal(ActiveRootID);
      expect(root).to.include({
        ID: ActiveRootID,
        Name: 'Consul CA Root Cert',
        SerialNumber: parseInt(certificate.serialNumber, 16),
        NotBefore: new Date(certificate.validFrom).toISOString().replace('.000', ''),
        NotAfter: new Date(certificate.validTo).toISOString().replace('.000', ''),
        IntermediateCerts: null,
        Active: true,
        PrivateKeyType: 'ec',
        PrivateKeyBits: 256,
      });
      expect(root['SigningKeyID']).to.match(/^([0-9a-f]{2}:){31}[0-9a-f]{2}$/);
    });

    it('comes as PEM where asked for', async () => {
      const { headers, text } = await server.get('/v1/connect/ca/roots?pem=true');
      expect(headers['content-type']).to.equal('application/pem-certificate-chain');
      expect(new X509Certificate(text).ca).to.equal(true);
    });

    it('is another one in another registry, and good for dates beyond 2050', () => {
      const far = createRoot(new Date('2049-06-01T00:00:00Z'), systemRandom);
      const certificate = new X509Certificate(far.pem);
      expect([certificate.validFrom, certificate.validTo]).to.deep.equal([
        'Jun  1 00:00:00 2049 GMT',
        'Jun  1 00:00:00 2059 GMT',
      ]);
      expect(far.clusterId).to.not.equal(createRoot(new Date(), systemRandom).clusterId);
    });
  });
});
