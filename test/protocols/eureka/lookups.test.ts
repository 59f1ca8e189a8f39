import { expect } from 'chai';
import { gunzipSync } from 'node:zlib';
import { anEurekaInstance, EurekaServer, MY_OWN, NOW } from '../../support/eureka-server.ts';
import { send } from '../../support/http.ts';

const JSON_TYPE = { Accept: 'application/json' };

const FULL = {
  instanceId: 'host-1:full',
  hostName: 'host-1',
  app: 'FULL',
  ipAddr: '10.0.0.1',
  sid: '7',
  status: 'UP',
  overriddenStatus: 'UNKNOWN',
  port: { $: 8080, '@enabled': 'true' },
  securePort: { $: 443, '@enabled': 'false' },
  countryId: 1,
  dataCenterInfo: MY_OWN,
  leaseInfo: {
    renewalIntervalInSecs: 10,
    durationInSecs: 30,
    registrationTimestamp: NOW,
    lastRenewalTimestamp: NOW,
    evictionTimestamp: 0,
    serviceUpTimestamp: NOW,
  },
  metadata: { zone: 'a' },
  appGroupName: 'G',
  homePageUrl: 'http://host-1/',
  statusPageUrl: 'http://host-1/info',
  healthCheckUrl: 'http://host-1/health',
  secureHealthCheckUrl: 'https://host-1/health',
  vipAddress: 'full,other',
  secureVipAddress: 'full-s',
  isCoordinatingDiscoveryServer: 'false',
  lastUpdatedTimestamp: String(NOW),
  lastDirtyTimestamp: '5',
  actionType: 'ADDED',
  asgName: 'group',
};

const FULL_XML = `<instance>
  <instanceId>host-1:full</instanceId>
  <hostName>host-1</hostName>
  <app>FULL</app>
  <ipAddr>10.0.0.1</ipAddr>
  <sid>7</sid>
  <status>UP</status>
  <overriddenstatus>UNKNOWN</overriddenstatus>
  <port enabled="true">8080</port>
  <securePort enabled="false">443</securePort>
  <countryId>1</countryId>
  <dataCenterInfo class="com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo">
    <name>MyOwn</name>
  </dataCenterInfo>
  <leaseInfo>
    <renewalIntervalInSecs>10</renewalIntervalInSecs>
    <durationInSecs>30</durationInSecs>
    <registrationTimestamp>${String(NOW)}</registrationTimestamp>
    <lastRenewalTimestamp>${String(NOW)}</lastRenewalTimestamp>
    <evictionTimestamp>0</evictionTimestamp>
    <serviceUpTimestamp>${String(NOW)}</serviceUpTimestamp>
  </leaseInfo>
  <metadata>
    <zone>a</zone>
  </metadata>
  <appGroupName>G</appGroupName>
  <homePageUrl>http://host-1/</homePageUrl>
  <statusPageUrl>http://host-1/info</statusPageUrl>
  <healthCheckUrl>http://host-1/health</healthCheckUrl>
  <secureHealthCheckUrl>https://host-1/health</secureHealthCheckUrl>
  <vipAddress>full,other</vipAddress>
  <secureVipAddress>full-s</secureVipAddress>
  <isCoordinatingDiscoveryServer>false</isCoordinatingDiscoveryServer>
  <lastUpdatedTimestamp>${String(NOW)}</lastUpdatedTimestamp>
  <lastDirtyTimestamp>5</lastDirtyTimestamp>
  <actionType>ADDED</actionType>
  <asgName>group</asgName>
</instance>`;

describe('eureka lookups', () => {
  let server: EurekaServer;
  beforeEach(async () => {
    server = await EurekaServer.start();
  });
  afterEach(async () => {
    await server.stop();
  });

  it('answers an empty registry', async () => {
    const empty = '{"applications":{"versions__delta":"1","apps__hashcode":"","application":[]}}';
    expect((await server.get('/eureka/apps', JSON_TYPE)).text).to.equal(empty);
    expect((await server.get('/eureka/apps')).text).to.equal(
      '<applications>\n  <versions__delta>1</versions__delta>\n  <apps__hashcode></apps__hashcode>\n</applications>',
    );
  });

  it("writes an instance with Netflix's keys, order and types", async () => {
    expect(await server.register(FULL)).to.equal(204);
    const one = JSON.stringify(FULL);
    expect((await server.get('/eureka/apps/FULL/host-1:full', JSON_TYPE)).text).to.equal(
      `{"instance":${one}}`,
    );
    expect((await server.get('/eureka/apps/full', JSON_TYPE)).text).to.equal(
      `{"application":{"name":"FULL","instance":[${one}]}}`,
    );
    expect((await server.get('/eureka/apps', JSON_TYPE)).text).to.equal(
      `{"applications":{"versions__delta":"1","apps__hashcode":"UP_1_","application":[{"name":"FULL","instance":[${one}]}]}}`,
    );
  });

  it("writes XML in XStream's order and indentation", async () => {
    expect(await server.register(FULL)).to.equal(204);
    const indented = (by: string) => FULL_XML.replace(/^/gm, by);
    expect((await server.get('/eureka/instances/host-1:full')).text).to.equal(FULL_XML);
    expect((await server.get('/eureka/apps/FULL')).text).to.equal(
      `<application>\n  <name>FULL</name>\n${indented('  ')}\n</application>`,
    );
    expect((await server.get('/eureka/apps')).text).to.equal(
      '<applications>\n  <versions__delta>1</versions__delta>\n  <apps__hashcode>UP_1_</apps__hashcode>\n' +
        `  <application>\n    <name>FULL</name>\n${indented('    ')}\n  </application>\n</applications>`,
    );
  });

  it('writes metadata that no XML parser chokes on', async () => {
    const metadata = { '': 'x', 'x:y': '1', '2b': '<&>"\'', 'a b': 'bell\u0007\ud800!', __: '_', é: '\r' };
    expect(await server.register({ ...FULL, metadata })).to.equal(204);
    const { text } = await server.get('/eureka/apps');
    expect(/<metadata>([^]*)<\/metadata>/.exec(text)?.[1]?.trim().split(/\n\s*/)).to.deep.equal([
      '<x_.003ay>1</x_.003ay>',
      '<_.0032b>&lt;&amp;&gt;&quot;&apos;</_.0032b>',
      '<a_.0020b>bell!</a_.0020b>',
      '<____>_</____>',
      '<é>&#xd;</é>',
    ]);
  });

  it('writes empty metadata as Java does', async () => {
    expect(await server.register({ ...FULL, metadata: {} })).to.equal(204);
    expect((await server.get('/eureka/apps')).text).to.include(
      '<metadata class="java.util.Collections$EmptyMap"/>',
    );
  });

  it('counts statuses in alphabetical order', async () => {
    const statuses = ['UP', 'UP', 'DOWN', 'STARTING', 'OUT_OF_SERVICE', 'bogus'];
    for (const [i, status] of statuses.entries()) {
      expect(await server.register(anEurekaInstance({ instanceId: `i${String(i)}`, status }))).to.equal(204);
    }
    const { applications } = (await server.json('/eureka/apps')) as { applications: object };
    expect(applications).to.include({ apps__hashcode: 'DOWN_1_OUT_OF_SERVICE_1_STARTING_1_UNKNOWN_1_UP_2_' });
  });

  it('finds by VIP and secure VIP address, exactly', async () => {
    expect(await server.register(FULL)).to.equal(204);
    const found = async (path: string) => {
      const { applications } = (await server.json(path)) as { applications: { application: unknown[] } };
      expect(applications).to.include({ versions__delta: '-1' });
      return applications.application.length;
    };
    expect(await found('/eureka/vips/other')).to.equal(1);
    expect(await found('/eureka/vips/OTHER')).to.equal(0);
    expect(await found('/eureka/vips/full-s')).to.equal(0);
    expect(await found('/eureka/svips/full-s')).to.equal(1);
  });

  it('answers a delta that leads every client to the whole truth', async () => {
    const delta = async () => {
      const { applications } = (await server.json('/eureka/apps/delta')) as {
        applications: {
          versions__delta: string;
          apps__hashcode: string;
          application: { instance: unknown[] }[];
        };
      };
      return { ...applications, ids: applications.application.flatMap(({ instance }) => instance).length };
    };
    expect(await server.register(FULL)).to.equal(204);
    const first = await delta();
    expect(first).to.include({ apps__hashcode: 'UP_1_', ids: 1 });
    expect(await delta()).to.deep.equal(first);
    expect(await server.register({ ...FULL, instanceId: 'second' })).to.equal(204);
    const second = await delta();
    expect(second).to.include({ apps__hashcode: 'UP_2_', ids: 2 });
    expect(Number(second.versions__delta)).to.be.greaterThan(Number(first.versions__delta));
  });

  it('shows a change in the next answer, in every format', async () => {
    for (const [i, headers] of [
      {},
      JSON_TYPE,
      { 'Accept-Encoding': 'gzip' },
      { ...JSON_TYPE, 'Accept-Encoding': 'gzip' },
    ].entries()) {
      const id = `host:${String(i)}`;
      expect(await server.register({ ...FULL, instanceId: id })).to.equal(204);
      const { body, headers: answered } = await server.get('/eureka/apps', headers);
      const text = answered['content-encoding'] === 'gzip' ? gunzipSync(body).toString() : body.toString();
      expect(text).to.include(id);
      expect(await server.delete(`/eureka/apps/FULL/${id}`)).to.equal(200);
    }
  });

  it('never answers with less than was acknowledged, however fast the catalog changes', async () => {
    const gzip = { ...JSON_TYPE, 'Accept-Encoding': 'gzip' };
    await Promise.all(
      Array.from({ length: 40 }, async (_, i) => {
        const id = `host:${String(i)}`;
        expect(
          await server.register({ ...FULL, instanceId: id, metadata: { pad: 'x'.repeat(5000) } }),
        ).to.equal(204);
        expect(gunzipSync((await server.get('/eureka/apps', gzip)).body).toString()).to.include(`"${id}"`);
      }),
    );
  });

  it('is 404 for what is not there', async () => {
    expect(await server.register(FULL)).to.equal(204);
    for (const path of [
      '/eureka/apps/NONE',
      '/eureka/apps/FULL/none',
      '/eureka/instances/none',
      '/eureka/',
      '/eureka/nope',
    ]) {
      const { status, text } = await server.get(path);
      expect({ path, status, text }).to.deep.equal({ path, status: 404, text: '' });
    }
  });

  it('goes on from memory without the store, while writes fail clearly and at once', async () => {
    expect(await server.register(FULL)).to.equal(204);
    await server.closeStore();
    expect((await server.get('/eureka/apps')).text).to.include('host-1:full');
    const path = '/eureka/apps/FULL/host-1:full';
    for (const [method, to] of [
      ['PUT', path],
      ['DELETE', path],
      ['PUT', `${path}/status?value=DOWN`],
      ['PUT', `${path}/metadata?a=b`],
    ] as const) {
      const { status, text } = await send(server.port, method, to);
      expect({ method, to, status, text }).to.deep.equal({
        method,
        to,
        status: 503,
        text: 'The store cannot be reached; nothing was changed',
      });
    }
    expect((await server.post('FULL', JSON.stringify({ instance: FULL }))).status).to.equal(503);
    expect((await server.get(path)).status).to.equal(200);
  });

  describe('content negotiation', () => {
    const answers: [string | undefined, 'xml' | 'json'][] = [
      [undefined, 'xml'],
      ['*/*', 'xml'],
      ['text/html', 'xml'],
      ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'xml'],
      ['application/json', 'json'],
      ['APPLICATION/JSON', 'json'],
      ['application/json, application/*+json', 'json'],
      ['*/*, application/json', 'json'],
      ['application/vnd.foo+json', 'json'],
    ];
    for (const [accept, format] of answers) {
      it(`answers ${format} to ${accept ?? 'no Accept'}`, async () => {
        const { status, headers } = await server.get(
          '/eureka/apps',
          accept === undefined ? {} : { Accept: accept },
        );
        expect(status).to.equal(200);
        expect(headers).to.include({ 'content-type': `application/${format}`, vary: 'Accept-Encoding' });
      });
    }

    it('zips for whoever names gzip, single instances too', async () => {
      expect(await server.register(FULL)).to.equal(204);
      for (const path of [
        '/eureka/apps',
        '/eureka/apps/delta',
        '/eureka/apps/FULL',
        '/eureka/apps/FULL/host-1:full',
        '/eureka/vips/full',
      ]) {
        const plain = await server.get(path, { 'Accept-Encoding': 'identity' });
        expect(plain.headers).to.not.have.property('content-encoding');
        const zipped = await server.get(path, { 'Accept-Encoding': 'gzip, deflate' });
        expect(zipped.headers, path).to.include({ 'content-encoding': 'gzip' });
        expect(gunzipSync(zipped.body).toString()).to.equal(plain.text);
      }
    });
  });

  describe('paths', () => {
    it('are the same under every base, with and without trailing slash, and never redirect', async () => {
      expect(await server.register(FULL)).to.equal(204);
      const { text } = await server.get('/eureka/apps');
      for (const base of ['/eureka', '/eureka/v2', '/eureka/v1', '/v2']) {
        for (const path of ['/apps', '/apps/', '//apps', '/apps//']) {
          const answer = await server.get(base + path);
          expect({ path: base + path, status: answer.status }).to.deep.equal({
            path: base + path,
            status: 200,
          });
          expect(answer.text).to.equal(text);
        }
        for (const path of [
          '/apps/delta/',
          '/apps/FULL/',
          '/apps/full/host-1%3Afull/',
          '/instances/host-1:full/',
          '/vips/full/',
        ]) {
          expect((await server.get(base + path)).status, base + path).to.equal(200);
        }
      }
    });

    it('decode app and id', async () => {
      const instanceId = 'a/b ü#?[1]';
      expect(await server.register({ ...FULL, app: 'MY APP', instanceId })).to.equal(204);
      const path = `/eureka/apps/My%20App/${encodeURIComponent(instanceId)}`;
      expect((await server.get(path)).status).to.equal(200);
      expect(await server.put(path)).to.equal(200);
      expect((await server.get('/eureka/apps/%zz')).status).to.equal(400);
    });

    it('answer 405 to a wrong method, OPTIONS and HEAD', async () => {
      for (const [method, path] of [
        ['POST', '/eureka/apps'],
        ['PUT', '/eureka/apps/FULL'],
        ['DELETE', '/eureka/apps/FULL'],
        ['POST', '/eureka/apps/FULL/id'],
        ['GET', '/eureka/apps/FULL/id/status'],
        ['GET', '/eureka/apps/FULL/id/metadata'],
      ] as const) {
        const { status, text } = await send(server.port, method, path);
        expect({ method, path, status, text }).to.deep.equal({ method, path, status: 405, text: '' });
      }
      const options = await send(server.port, 'OPTIONS', '/eureka/apps');
      expect(options.status).to.equal(204);
      expect(options.headers['allow']).to.equal('OPTIONS,HEAD,GET');
      const head = await send(server.port, 'HEAD', '/eureka/apps');
      expect({ status: head.status, text: head.text }).to.deep.equal({ status: 200, text: '' });
    });

    it('need no content type and mind no body where none is read', async () => {
      expect(await server.register(FULL)).to.equal(204);
      const odd = { 'Content-Type': 'application/json', 'Content-Length': '0' };
      expect((await server.get('/eureka/apps', odd)).status).to.equal(200);
      const beat = await send(server.port, 'PUT', '/eureka/apps/FULL/host-1:full', {
        body: '{}',
        headers: { 'Content-Type': 'x/y' },
      });
      expect(beat.status).to.equal(200);
    });
  });
});
