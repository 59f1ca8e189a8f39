import { expect } from 'chai';
import { parseName, type KeyLabel, type NameTarget } from '../../../src/protocols/dns/names.ts';
import { nameFromText } from '../../../src/protocols/dns/wire-name.ts';
import { TYPE } from '../../../src/protocols/dns/wire-record.ts';

function service(name: string, tag?: string, datacenter?: string): NameTarget {
  return { kind: 'service', service: name, tag, datacenter };
}

function node(name: string, datacenter?: string): NameTarget {
  return { kind: 'node', node: name, datacenter };
}

function key(label: KeyLabel, datacenter?: string): NameTarget {
  return { kind: 'key', service: 'web', key: label, datacenter };
}

const NOTHING: NameTarget = { kind: 'nothing' };

const NAMES: readonly [string, NameTarget][] = [
  ['web.service.consul', service('web')],
  ['WEB.Service.CONSUL', service('web')],
  ['v1.web.service.consul', service('web', 'v1')],
  ['v1.2.x.web.service.consul', service('web', 'v1.2.x')],
  ['web.service.dc1.consul', service('web', undefined, 'dc1')],
  ['web.service.dc1.dc.consul', service('web', undefined, 'dc1')],
  ['web.service.dc1.peer.consul', NOTHING],
  ['web.service.a.b.dc.consul', NOTHING],
  ['_web._tcp.service.consul', service('web')],
  ['_web._tcp.service.dc1.consul', service('web', undefined, 'dc1')],
  ['_web._udp.service.consul', service('web', 'udp')],
  ['_web._V2.service.consul', service('web', 'v2')],
  ['_web.service.consul', service('_web')],
  ['_web.v2.service.consul', service('v2', '_web')],
  ['x._web._tcp.service.consul', service('_tcp', 'x._web')],
  ['service.service.consul', service('service')],
  ['node.web.service.consul', service('web', 'node')],
  ['service.consul', NOTHING],
  ['host.node.consul', node('host')],
  ['host.example.node.consul', node('host.example')],
  ['host.node.dc2.consul', node('host', 'dc2')],
  ['node.consul', NOTHING],
  ['0a00ff01.addr.consul', { kind: 'address', address: Buffer.from([10, 0, 255, 1]) }],
  ['0A00FF01.addr.dc1.consul', { kind: 'address', address: Buffer.from([10, 0, 255, 1]) }],
  [`${'0'.repeat(31)}1.addr.consul`, { kind: 'address', address: Buffer.alloc(16).fill(1, 15) }],
  ['0a00ff.addr.consul', NOTHING],
  ['0a00ff0g.addr.consul', NOTHING],
  ['x.0a00ff01.addr.consul', NOTHING],
  ['0a00ff01.x.addr.consul', NOTHING],
  ['addr.consul', NOTHING],
  ['consul', NOTHING],
  ['web.consul', NOTHING],
  ['web.query.consul', { kind: 'query', query: 'web', datacenter: undefined }],
  ['Near.Web.query.dc2.consul', { kind: 'query', query: 'near.web', datacenter: 'dc2' }],
  ['_near._tcp.query.consul', { kind: 'query', query: 'near', datacenter: undefined }],
  ['query.consul', NOTHING],
  ['user-42.key.web.service.consul', key({ text: 'user-42' })],
  ['User-42.KEY.Web.service.dc1.consul', key({ text: 'user-42' }, 'dc1')],
  ['0123456789ABCDEF.key.web.service.dc1.dc.consul', key({ hash: '0123456789abcdef' }, 'dc1')],
  ['0123456789abcde.key.web.service.consul', key({ text: '0123456789abcde' })],
  ['service.key.web.service.consul', key({ text: 'service' })],
  ['b\u00fc.key.web.service.consul', NOTHING],
  ['key.web.service.consul', service('web', 'key')],
  ['a.b.key.web.service.consul', service('web', 'a.b.key')],
  ['a.key.b.web.service.consul', service('web', 'a.key.b')],
  ['web.connect.consul', NOTHING],
];

describe('dns: names', () => {
  function parse(text: string, type: number = TYPE.A) {
    return parseName(nameFromText(text) ?? '', type);
  }

  for (const [text, target] of NAMES) {
    it(text, () => {
      expect(parse(text)).to.deep.equal({ domain: 'consul', target });
      expect(parse(text.replace(/consul$/i, 'rollcall'))).to.deep.equal({ domain: 'rollcall', target });
    });
  }

  it('_web._tcp needs no service label in an SRV question', () => {
    expect(parse('_web._tcp.consul', TYPE.SRV)?.target).to.deep.equal(service('web'));
    expect(parse('_web._v2.dc1.consul', TYPE.SRV)?.target).to.deep.equal(service('web', 'v2', 'dc1'));
    expect(parse('_web._tcp.consul', TYPE.A)?.target).to.deep.equal(NOTHING);
  });

  it('under arpa are addresses spelled from their end', () => {
    const reverse = (text: string) => parse(text)?.target;
    const v6 = `1.${'0.'.repeat(23)}8.b.d.0.1.0.0.2.ip6.arpa`;
    expect(reverse('4.3.2.10.in-addr.arpa')).to.deep.equal({
      kind: 'reverse',
      address: Uint8Array.of(10, 2, 3, 4),
    });
    expect(reverse(v6.toUpperCase())).to.deep.equal({
      kind: 'reverse',
      address: Buffer.from(`20010db8${'0'.repeat(23)}1`, 'hex'),
    });
    const partial = [
      'in-addr.arpa',
      '3.2.10.in-addr.arpa',
      '5.4.3.2.10.in-addr.arpa',
      '4.3.2.256.in-addr.arpa',
    ];
    for (const text of [...partial, '4.3.2.010.in-addr.arpa', v6.slice(2), `g${v6.slice(1)}`]) {
      expect(reverse(text), text).to.deep.equal({ kind: 'reverse', address: undefined });
    }
    expect(parse('home.arpa')).to.equal(undefined);
    expect(parse('arpa')).to.equal(undefined);
  });

  it('outside the domains are not ours', () => {
    for (const text of ['web.service.consul.example', 'consul.com', 'xconsul', 'web.service.notrollcall']) {
      expect(parse(text), text).to.equal(undefined);
    }
    expect(parseName('', TYPE.NS)).to.equal(undefined);
  });

  it('may hold any UTF-8', () => {
    expect(parse('BÜCHER.service.consul')?.target).to.deep.equal(service('bücher'));
  });
});
