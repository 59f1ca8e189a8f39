import { expect } from 'chai';
import { gzipSync } from 'node:zlib';
import { anEurekaInstance, EurekaServer, MY_OWN, NOW } from '../../support/eureka-server.ts';
import { eventually } from '../../support/eventually.ts';

const XML_INSTANCE = `<?xml version="1.0"?>
<instance>
  <instanceId>host-x:xml</instanceId>
  <hostName>host-x</hostName>
  <app>xml</app>
  <ipAddr>10.0.0.7</ipAddr>
  <status>STARTING</status>
  <port>81</port>
  <securePort>444</securePort>
  <dataCenterInfo><name>MyOwn</name></dataCenterInfo>
  <leaseInfo><renewalIntervalInSecs>10</renewalIntervalInSecs><durationInSecs>35</durationInSecs></leaseInfo>
  <metadata><a_.0020b___->&lt;1&gt; <![CDATA[& 2]]></a_.0020b___-><plain/></metadata>
  <vipAddress/>
</instance>`;

describe('eureka registrations', () => {
  let server: EurekaServer;
  before(async () => {
    server = await EurekaServer.start();
  });
  after(async () => {
    await server.stop();
  });

  const registered = async (fields: Readonly<Record<string, unknown>>) => {
    const instance = anEurekaInstance(fields);
    expect(await server.register(instance)).to.equal(204);
    return server.instance(String(instance['app']), String(instance['instanceId']));
  };

  describe('register', () => {
    it('takes XML, in the shape it is answered in', async () => {
      const { text } = await server.post('xml', XML_INSTANCE, { 'Content-Type': 'application/xml' });
      expect(text).to.equal('');
      const info = await server.instance('XML', 'host-x:xml');
      expect(info).to.deep.include({
        hostName: 'host-x',
        ipAddr: '10.0.0.7',
        status: 'STARTING',
        port: { $: 81, '@enabled': 'true' },
        securePort: { $: 444, '@enabled': 'false' },
        metadata: { 'a b_$': '<1> & 2', plain: '' },
        vipAddress: '',
      });
      expect(info['leaseInfo']).to.include({ renewalIntervalInSecs: 10, durationInSecs: 35 });
    });

    it('takes a gzipped body and Latin-1 JSON', async () => {
      const named = (name: string) =>
        JSON.stringify({ instance: anEurekaInstance({ app: 'CODED', metadata: { name } }) });
      expect(
        (await server.post('CODED', gzipSync(named('one')), { 'Content-Encoding': 'gzip' })).status,
      ).to.equal(204);
      const latin = { 'Content-Type': 'application/json; charset=ISO-8859-1' };
      expect((await server.post('CODED', Buffer.from(named('é'), 'latin1'), latin)).status).to.equal(204);
      expect(await server.instance('CODED', 'host-1:orders:8080')).to.have.deep.property('metadata', {
        name: 'é',
      });
    });

    it('compares app names without case and ids with it', async () => {
      expect(
        (await server.post('cases', JSON.stringify({ instance: anEurekaInstance({ app: 'Cases' }) }))).status,
      ).to.equal(204);
      expect((await server.instance('cAsEs', 'host-1:orders:8080'))['app']).to.equal('CASES');
      expect((await server.get('/eureka/apps/CASES/HOST-1:orders:8080')).status).to.equal(404);
    });

    it('takes an instance without an id under its host name', async () => {
      expect(
        await server.register(anEurekaInstance({ app: 'NOID', instanceId: undefined, hostName: 'host-n' })),
      ).to.equal(204);
      expect(await server.instance('NOID', 'host-n')).to.include({ instanceId: 'host-n' });
    });

    const stored: [string, Readonly<Record<string, unknown>>, Readonly<Record<string, unknown>>][] = [
      ['no status', { status: undefined }, { status: 'UP' }],
      ['a null status', { status: null }, { status: 'UP' }],
      ['a status in lower case', { status: 'up' }, { status: 'UNKNOWN' }],
      ['a number as status', { status: 3 }, { status: 'UNKNOWN' }],
      [
        'an override',
        { overriddenStatus: 'OUT_OF_SERVICE' },
        { status: 'OUT_OF_SERVICE', overriddenStatus: 'OUT_OF_SERVICE' },
      ],
      [
        'an override in the old spelling',
        { overriddenstatus: 'OUT_OF_SERVICE' },
        { status: 'OUT_OF_SERVICE' },
      ],
      ['no port', { port: undefined }, { port: { $: 7001, '@enabled': 'true' } }],
      ['no secure port', { securePort: null }, { securePort: { $: 7002, '@enabled': 'false' } }],
      ['a port without number', { port: { '@enabled': 'true' } }, { port: { $: 7001, '@enabled': 'true' } }],
      ['a port without flag', { port: { $: 81 } }, { port: { $: 81, '@enabled': 'true' } }],
      ['a port as text', { port: { $: '81', '@enabled': true } }, { port: { $: 81, '@enabled': 'true' } }],
      ['a port that is no number', { port: { $: 'abc' } }, { port: { $: 0, '@enabled': 'true' } }],
      ['a bare port', { port: 81 }, { port: { $: 81, '@enabled': 'true' } }],
      ['a negative port', { port: { $: -1 } }, { port: { $: -1, '@enabled': 'true' } }],
      ['a country as text', { countryId: '5' }, { countryId: 5 }],
      ['a null country', { countryId: null }, { countryId: 1 }],
      [
        'metadata that is not text',
        { metadata: { a: 1, b: true, c: null } },
        { metadata: { a: '1', b: 'true', c: 'null' } },
      ],
      ["Java's type in metadata", { metadata: { '@class': 'x', '': 'y', a: 'b' } }, { metadata: { a: 'b' } }],
      ['no metadata', { metadata: null }, { metadata: { '@class': 'java.util.Collections$EmptyMap' } }],
      [
        'numbers as texts',
        { vipAddress: 5, statusPageUrl: true },
        { vipAddress: '5', statusPageUrl: 'true' },
      ],
      ['unknown fields', { health: { a: [1] }, x: 1 }, { status: 'UP' }],
      ['a group in lower case', { appGroupName: 'blue' }, { appGroupName: 'BLUE' }],
      ['no dirty time', { lastDirtyTimestamp: undefined }, { lastDirtyTimestamp: String(NOW) }],
      ['a dirty time as number', { lastDirtyTimestamp: 77 }, { lastDirtyTimestamp: '77' }],
      ['a dirty time that is none', { lastDirtyTimestamp: 'soon' }, { lastDirtyTimestamp: '0' }],
      [
        "the server's own fields",
        { actionType: 'DELETED', isCoordinatingDiscoveryServer: true, lastUpdatedTimestamp: '1' },
        { actionType: 'ADDED', isCoordinatingDiscoveryServer: 'false', lastUpdatedTimestamp: String(NOW) },
      ],
      [
        "MyDataCenterInfo's class",
        { dataCenterInfo: { ...MY_OWN, '@class': 'com.netflix.appinfo.MyDataCenterInfo' } },
        { dataCenterInfo: MY_OWN },
      ],
    ];
    stored.forEach(([what, posted, expected], i) => {
      it(`stores ${what}`, async () => {
        const info = await registered({
          app: `STORED-${String(i)}`,
          hostName: `stored-${String(i)}`,
          ...posted,
        });
        for (const [key, value] of Object.entries(expected)) expect(info[key], key).to.deep.equal(value);
      });
    });

    it('omits what was not sent or means nothing', async () => {
      const info = await registered({ app: 'OMITS', sid: 'na', homePageUrl: null });
      expect(info).to.not.have.any.keys('sid', 'appGroupName', 'homePageUrl', 'secureVipAddress', 'asgName');
    });

    for (const leaseInfo of [
      undefined,
      null,
      {},
      { durationInSecs: 0, renewalIntervalInSecs: -3 },
      { evictionDurationInSecs: 9 },
    ]) {
      it(`gives a lease of 90 s to ${JSON.stringify(leaseInfo)}`, async () => {
        const info = await registered({ app: 'LEASED', leaseInfo });
        expect(info['leaseInfo']).to.deep.equal({
          renewalIntervalInSecs: 30,
          durationInSecs: 90,
          registrationTimestamp: NOW,
          lastRenewalTimestamp: NOW,
          evictionTimestamp: 0,
          serviceUpTimestamp: NOW,
        });
      });
    }

    it('keeps what Amazon says of the machine, and takes its id where there is no other', async () => {
      const dataCenterInfo = {
        '@class': 'com.netflix.appinfo.AmazonInfo',
        name: 'Amazon',
        metadata: { 'instance-id': 'i-1', 'ami-id': 'ami' },
      };
      expect(
        await server.register(anEurekaInstance({ app: 'AWS', instanceId: undefined, dataCenterInfo })),
      ).to.equal(204);
      expect((await server.instance('AWS', 'i-1'))['dataCenterInfo']).to.deep.equal(dataCenterInfo);
      expect((await server.get('/eureka/instances/i-1')).text).to.include('<instance-id>i-1</instance-id>');
    });
  });

  describe('bad input changes nothing', () => {
    const untouched = async (run: () => Promise<void>) => {
      const before = server.registry.state.revision;
      await run();
      expect(server.registry.state.revision).to.equal(before);
    };
    const missing: [string, Readonly<Record<string, unknown>>][] = [
      ['Missing instanceId', { instanceId: '', hostName: '' }],
      ['Missing hostname', { hostName: ' ' }],
      ['Missing ip address', { ipAddr: undefined }],
      ['Missing appName', { app: '' }],
      ['Mismatched appName, expecting BAD but was OTHER', { app: 'other' }],
      ['Missing dataCenterInfo', { dataCenterInfo: null }],
      ['Missing dataCenterInfo Name', { dataCenterInfo: { '@class': MY_OWN['@class'] } }],
    ];
    for (const [message, fields] of missing) {
      it(`400 ${message}`, () =>
        untouched(async () => {
          const { status, text } = await server.post(
            'bad',
            JSON.stringify({ instance: anEurekaInstance({ app: 'BAD', ...fields }) }),
          );
          expect({ status, text }).to.deep.equal({ status: 400, text: message });
        }));
    }

    const instance = (fields: Readonly<Record<string, unknown>>) =>
      JSON.stringify({ instance: anEurekaInstance({ app: 'BAD', ...fields }) });
    const unreadable: [string, string][] = [
      ['nothing', ''],
      ['an empty object', '{}'],
      ['an instance without its wrapper', JSON.stringify(anEurekaInstance())],
      ['another root', JSON.stringify({ application: anEurekaInstance() })],
      ['an array', '[]'],
      ['broken JSON', '{"instance":'],
      ['no app', instance({ app: null })],
      ['a data center without class', instance({ dataCenterInfo: { name: 'MyOwn' } })],
      ['a data center of an unknown class', instance({ dataCenterInfo: { '@class': 'x.Y', name: 'MyOwn' } })],
      ['a data center of an unknown name', instance({ dataCenterInfo: { ...MY_OWN, name: 'Moon' } })],
      ['an unknown key in a port', instance({ port: { $: 1, enabled: true } })],
      ['metadata that is no object', instance({ metadata: 'a' })],
      ['an object as host name', instance({ hostName: {} })],
      [
        'endless nesting',
        `{"instance":{"app":"BAD","metadata":{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}}}`,
      ],
      ['a duration beyond 32 bits', instance({ leaseInfo: { durationInSecs: 1e12 } })],
    ];
    for (const [what, text] of unreadable) {
      it(`400 for ${what}`, () =>
        untouched(async () => {
          const answer = await server.post('bad', text);
          expect(answer.status).to.equal(400);
          expect(answer.text).to.equal('{"error": "cannot parse request body"}');
        }));
    }

    for (const instanceId of ['a\0b', 'a\ud800', 'x'.repeat(1100)]) {
      it(`400 for the id ${JSON.stringify(instanceId.slice(0, 3))}`, () =>
        untouched(async () => {
          const answer = await server.post('bad', instance({ instanceId }));
          expect(answer.status).to.equal(400);
          expect(answer.text).to.match(/^\w/);
        }));
    }

    const unreadableXml: [string, string][] = [
      ['an unclosed element', '<instance><app>BAD</instance>'],
      ['another root', XML_INSTANCE.replaceAll('instance>', 'thing>')],
      ['a document type', XML_INSTANCE.replace('?>', '?><!DOCTYPE instance [<!ENTITY a "b">]>')],
      ['an unknown entity', XML_INSTANCE.replace('10.0.0.7', '&host;')],
    ];
    for (const [what, text] of unreadableXml) {
      it(`400 for XML with ${what}`, () =>
        untouched(async () => {
          const answer = await server.post('xml', text, { 'Content-Type': 'application/xml' });
          expect(answer.status).to.equal(400);
          expect(answer.text).to.equal('<error><message>cannot parse request body</message></error>');
        }));
    }

    for (const type of [
      '',
      'text/plain',
      'text/xml',
      'application/x-www-form-urlencoded',
      'application/json; charset=UTF-16',
    ]) {
      it(`415 for the content type "${type}"`, () =>
        untouched(async () => {
          expect((await server.post('BAD', instance({}), { 'Content-Type': type })).status).to.equal(415);
        }));
    }

    it('413 for a body above 256 KiB, 400 for broken gzip', () =>
      untouched(async () => {
        expect(
          (await server.post('BAD', instance({ metadata: { a: 'x'.repeat(256 * 1024) } }))).status,
        ).to.equal(413);
        expect((await server.post('BAD', 'not gzip', { 'Content-Encoding': 'gzip' })).status).to.equal(400);
      }));
  });

  describe('heartbeat', () => {
    const HEARTBEAT = '/eureka/apps/BEAT/host-b:1';
    beforeEach(async () => {
      server.clock.time = NOW;
      await server.delete(HEARTBEAT);
      expect(
        await server.register(
          anEurekaInstance({
            app: 'BEAT',
            instanceId: 'host-b:1',
            hostName: 'host-b',
            lastDirtyTimestamp: 1000,
          }),
        ),
      ).to.equal(204);
    });

    it('is 404 for what is not registered, whatever its parameters', async () => {
      expect(await server.put('/eureka/apps/NOBODY/x?lastDirtyTimestamp=x')).to.equal(404);
    });

    it('renews without a change of the catalog, and shows when', async () => {
      const { revision } = server.registry.state;
      server.clock.time = NOW + 5000;
      expect(await server.put(`${HEARTBEAT}?status=BOGUS&lastDirtyTimestamp=1000`)).to.equal(200);
      expect(server.registry.state.revision).to.equal(revision);
      const { leaseInfo } = (await server.instance('BEAT', 'host-b:1')) as { leaseInfo: object };
      expect(leaseInfo).to.include({ registrationTimestamp: NOW, lastRenewalTimestamp: NOW + 5000 });
    });

    it('compares lastDirtyTimestamp', async () => {
      const beat = (query: string, headers = {}) => server.put(`${HEARTBEAT}?${query}`, headers);
      expect(await beat('lastDirtyTimestamp=999')).to.equal(200);
      expect(await beat('lastDirtyTimestamp=1001')).to.equal(404);
      expect(await beat('lastDirtyTimestamp=')).to.equal(500);
      expect(await beat('lastDirtyTimestamp=soon')).to.equal(500);
      expect(await beat('lastDirtyTimestamp=999', { 'x-netflix-discovery-replication': 'true' })).to.equal(
        409,
      );
    });

    it('is 404 while the status is UNKNOWN, so that the client registers again', async () => {
      expect(await server.register(anEurekaInstance({ app: 'LOST', status: 'up' }))).to.equal(204);
      expect(await server.put('/eureka/apps/LOST/host-1:orders:8080')).to.equal(404);
    });

    it('stores the override of a peer whose data is newer', async () => {
      const replicated = { 'x-netflix-discovery-replication': 'true' };
      const query = 'lastDirtyTimestamp=1001&overriddenstatus=OUT_OF_SERVICE';
      expect(await server.put(`${HEARTBEAT}?${query}`, replicated)).to.equal(404);
      expect(await server.instance('BEAT', 'host-b:1')).to.include({
        status: 'OUT_OF_SERVICE',
        overriddenStatus: 'OUT_OF_SERVICE',
        actionType: 'ADDED',
      });
      expect(await server.put(HEARTBEAT)).to.equal(200);
      expect(await server.instance('BEAT', 'host-b:1')).to.include({
        status: 'OUT_OF_SERVICE',
        actionType: 'MODIFIED',
      });
    });
  });

  it('evicts an instance that stops heartbeating after its own duration', async () => {
    const leased = (id: string, durationInSecs: number) =>
      server.register(
        anEurekaInstance({ app: 'EVICT', instanceId: id, hostName: id, leaseInfo: { durationInSecs } }),
      );
    expect(await leased('short', 1)).to.equal(204);
    expect(await leased('long', 600)).to.equal(204);
    await eventually(async () => {
      await server.sweep();
      return (await server.get('/eureka/apps/EVICT/short')).status === 404;
    }, 'the eviction');
    expect(await server.put('/eureka/apps/EVICT/short')).to.equal(404);
    expect(await server.put('/eureka/apps/EVICT/long')).to.equal(200);
    expect(server.registry.state.node('short')).to.equal(undefined);
  });

  it('evicts after twice that where leases are doubled, renewed or not', async () => {
    const doubled = await EurekaServer.start({ doubleLease: true });
    const gone = async () => {
      await doubled.sweep();
      return (await doubled.get('/eureka/apps/ORDERS/a')).status === 404;
    };
    try {
      const leased = anEurekaInstance({ instanceId: 'a', leaseInfo: { durationInSecs: 1 } });
      for (const renewals of [0, 1]) {
        expect(await doubled.register(leased)).to.equal(204);
        expect((await doubled.instance('ORDERS', 'a'))['leaseInfo']).to.include({ durationInSecs: 1 });
        let renewedAt = performance.now();
        for (let i = 0; i < renewals; i++) {
          renewedAt = performance.now();
          expect(await doubled.put('/eureka/apps/ORDERS/a')).to.equal(200);
        }
        await eventually(gone, 'the eviction');
        expect(performance.now() - renewedAt).to.be.above(1950);
      }
    } finally {
      await doubled.stop();
    }
  });

  it('cancels once', async () => {
    await registered({ app: 'GONE' });
    expect(await server.delete('/eureka/apps/gone/host-1:orders:8080')).to.equal(200);
    expect(await server.delete('/eureka/apps/gone/host-1:orders:8080')).to.equal(404);
    expect((await server.get('/eureka/apps/GONE')).status).to.equal(404);
  });
});
