import { expect } from 'chai';
import packet from 'dns-packet';
import { encodeAnswer, type AnswerMessage } from '../../../src/protocols/dns/wire-answer.ts';
import { nameFromText, readName } from '../../../src/protocols/dns/wire-name.ts';
import { decodeQuery } from '../../../src/protocols/dns/wire-query.ts';
import type { ResourceRecord } from '../../../src/protocols/dns/wire-record.ts';
import { queryFor } from './client.ts';

function name(text: string): string {
  const encoded = nameFromText(text);
  if (encoded === undefined) throw new Error(`not a name: ${text}`);
  return encoded;
}

describe('dns: names on the wire', () => {
  it('follow pointers back, and end after the first of them', () => {
    const bytes = Buffer.from('\x03foo\x00\x03bar\xc0\x00\x03baz\xc0\x05', 'latin1');
    expect(readName(bytes, 0)).to.deep.equal({ name: '\x03foo', end: 5 });
    expect(readName(bytes, 5)).to.deep.equal({ name: '\x03bar\x03foo', end: 11 });
    expect(readName(bytes, 11)).to.deep.equal({ name: '\x03baz\x03bar\x03foo', end: 17 });
  });

  const LONGEST = `\x3f${'a'.repeat(63)}`.repeat(3) + `\x3d${'a'.repeat(61)}`;
  const INVALID: readonly [string, string, number][] = [
    ['a pointer to itself', '\xc0\x00', 0],
    ['a pointer ahead', '\xc0\x02\x00', 0],
    ['two pointers at each other', '\xc0\x02\xc0\x00', 2],
    ['a pointer into the labels it follows', '\x01a\xc0\x00', 0],
    ['half a pointer', '\x01a\xc0', 0],
    ['a label cut short', '\x05abc', 0],
    ['no end', '\x03abc', 0],
    ['nothing at all', '', 0],
    ['a label type that does not exist', `\x40${'a'.repeat(64)}\x00`, 0],
    ['more than 255 bytes', `\x01b${LONGEST}\x00`, 0],
    ['more than 255 bytes by a pointer', `${LONGEST}\x00\x01b\xc0\x00`, LONGEST.length + 1],
  ];
  for (const [what, bytes, start] of INVALID) {
    it(`are refused with ${what}`, () => {
      expect(readName(Buffer.from(bytes, 'latin1'), start)).to.equal(undefined);
    });
  }

  it('hold up to 255 bytes in labels of up to 63', () => {
    expect(readName(Buffer.from(`${LONGEST}\x00`, 'latin1'), 0)?.end).to.equal(255);
    const longest = [63, 63, 63, 61].map((length) => 'a'.repeat(length)).join('.');
    expect(nameFromText(longest)).to.equal(LONGEST);
    expect(nameFromText(`${longest}a`)).to.equal(undefined);
    for (const text of ['', '.', 'a..b', '.a', 'a'.repeat(64), 'ü'.repeat(32)]) {
      expect(nameFromText(text), text).to.equal(undefined);
    }
  });
});

describe('dns: queries on the wire', () => {
  const QUERY = '12340100000100000000000003616263000001' + '0001';
  const RECORD = 'c00c000100010000000000040a000001';
  const OPT = '0000290500000000000000';

  function counts(query: string, answers: number, authorities: number, additionals: number): string {
    const hex = [answers, authorities, additionals].map((n) => n.toString(16).padStart(4, '0')).join('');
    return query.slice(0, 12) + hex + query.slice(24);
  }
  function decode(hex: string) {
    return decodeQuery(Buffer.from(hex, 'hex'));
  }
  function withOption(optionHex: string): string {
    const length = (optionHex.length / 2).toString(16).padStart(4, '0');
    return counts(QUERY, 0, 0, 1) + OPT.slice(0, -4) + length + optionHex;
  }

  it('are read with their flags and EDNS', () => {
    expect(decode(withOption('0008000700011800010203'))).to.deep.equal({
      kind: 'query',
      query: {
        id: 0x1234,
        opcode: 0,
        recursionDesired: true,
        checkingDisabled: false,
        question: { name: '\x03abc', type: 1, class: 1 },
        edns: {
          udpSizeBytes: 1280,
          version: 0,
          clientSubnet: { family: 1, sourcePrefixBits: 24, address: Buffer.from([1, 2, 3]) },
        },
      },
    });
  });

  const READABLE: readonly [string, string][] = [
    ['bytes after the end', `${QUERY}ffff`],
    ['a record that is not ours to read', counts(QUERY, 1, 0, 0) + RECORD],
    ['an unknown option', withOption('ffff0002aaaa')],
    ['the family of no address', withOption('0008000400000000')],
  ];
  for (const [what, hex] of READABLE) {
    it(`are read with ${what}`, () => {
      expect(decode(hex).kind).to.equal('query');
    });
  }

  const FORMERR: readonly [string, string][] = [
    ['no question', '123401000000000000000000'],
    ['two questions', '12340100000200000000000003616263000001000103616263000001' + '0001'],
    ['a question cut short', QUERY.slice(0, -2)],
    ['a name in a loop', '123401000001000000000000c00c00010001'],
    ['more records than there are', counts(QUERY, 0, 0, 1)],
    ['two answers', counts(QUERY, 2, 0, 0) + RECORD.repeat(2)],
    ['two authorities', counts(QUERY, 0, 2, 0) + RECORD.repeat(2)],
    ['three additionals', counts(QUERY, 0, 0, 3) + RECORD.repeat(3)],
    ['65535 records', counts(QUERY, 0, 0, 65_535)],
    ['two OPT records', counts(QUERY, 0, 0, 2) + OPT + OPT],
    ['an OPT record among the answers', counts(QUERY, 1, 0, 0) + OPT],
    ['an OPT record with a name', `${counts(QUERY, 0, 0, 1)}c00c${OPT.slice(2)}`],
    ['a record length beyond the end', `${counts(QUERY, 0, 0, 1) + OPT.slice(0, -4)}0001`],
    ['half an option', withOption('00ff00')],
    ['an option length beyond its record', withOption('00ff0001')],
    ['an empty subnet', withOption('00080000')],
    ['a subnet too short to have a prefix', withOption('0008000100')],
    ['a subnet of an unknown family', withOption('0008000700091800010203')],
    ['a subnet prefix longer than an address', withOption('00080009000121000102030480')],
    ['a subnet longer than its prefix', withOption('0008000600010800' + '0100')],
    ['a subnet shorter than its prefix', withOption('000800060001180001' + '02')],
    ['a subnet with bits beyond its prefix', withOption('0008000500010700' + '01')],
  ];
  for (const [what, hex] of FORMERR) {
    it(`are rejected with ${what}`, () => {
      const decoded = decode(hex);
      expect(decoded).to.include({ kind: 'reject', rcode: 1 });
    });
  }

  it('are the only operation there is', () => {
    for (let opcode = 1; opcode < 16; opcode++) {
      const hex = `1234${((opcode << 11) | 0x0100).toString(16).padStart(4, '0')}${QUERY.slice(8)}`;
      expect(decode(hex), `opcode ${opcode}`).to.deep.include({ kind: 'reject', rcode: 4 });
    }
  });

  it('are neither answers nor shorter than a header', () => {
    expect(decode(`12348100${QUERY.slice(8)}`).kind).to.equal('drop');
    for (let length = 0; length < 12; length++)
      expect(decode(QUERY.slice(0, length * 2)).kind).to.equal('drop');
  });

  it('never take bytes that are not in the packet', () => {
    const query = queryFor('db.service.consul', 'A', { ednsSizeBytes: 1232 });
    for (let length = 12; length < query.length; length++) {
      expect(decodeQuery(query.subarray(0, length)).kind, `${length} bytes`).to.equal('reject');
    }
  });
});

describe('dns: answers on the wire', () => {
  const question = { name: name('web.service.consul'), type: 33, class: 1 };
  const header = { id: 7, opcode: 0, recursionDesired: true, checkingDisabled: true };

  function encode(answers: readonly ResourceRecord[], rest: Partial<AnswerMessage> = {}): Buffer {
    const message = {
      header,
      rcode: 0,
      authoritative: true,
      truncated: false,
      question,
      edns: undefined,
      recursionAvailable: false,
      compress: true,
      forSubnet: false,
    } as const;
    const bytes = encodeAnswer({ ...message, answers, authorities: [], additionals: [], ...rest }, 65_535);
    if (!bytes) throw new Error('does not fit');
    return bytes;
  }

  const owner = question.name;
  const ttlSeconds = 77;
  const base = { name: 'web.service.consul', ttl: 77 };
  const RECORDS: readonly [ResourceRecord, object][] = [
    [
      { type: 'address', owner, ttlSeconds, address: Buffer.from([10, 0, 0, 255]) },
      { ...base, type: 'A', data: '10.0.0.255' },
    ],
    [
      { type: 'address', owner, ttlSeconds, address: Buffer.from('20010db80000000000000000000000ff', 'hex') },
      { ...base, type: 'AAAA', data: '2001:db8::ff' },
    ],
    [
      { type: 'CNAME', owner, ttlSeconds, target: name('Other.service.consul') },
      { ...base, type: 'CNAME', data: 'Other.service.consul' },
    ],
    [
      { type: 'NS', owner, ttlSeconds, target: name('ns.consul') },
      { ...base, type: 'NS', data: 'ns.consul' },
    ],
    [
      { type: 'SRV', owner, ttlSeconds, priority: 1, weight: 65_535, port: 65_534, target: name('a.consul') },
      { ...base, type: 'SRV', data: { priority: 1, weight: 65_535, port: 65_534, target: 'a.consul' } },
    ],
    [
      { type: 'TXT', owner, ttlSeconds, text: `${'x'.repeat(255)}yß` },
      { ...base, type: 'TXT', data: [Buffer.from('x'.repeat(255)), Buffer.from('yß')] },
    ],
    [
      { type: 'TXT', owner, ttlSeconds, text: '' },
      { ...base, type: 'TXT', data: [Buffer.alloc(0)] },
    ],
    [
      {
        type: 'SOA',
        owner,
        ttlSeconds,
        primary: name('ns.consul'),
        mailbox: name('hostmaster.consul'),
        serial: 0xfedcba98,
        refreshSeconds: 1,
        retrySeconds: 2,
        expireSeconds: 3,
        negativeTtlSeconds: 4,
      },
      {
        ...base,
        type: 'SOA',
        data: {
          mname: 'ns.consul',
          rname: 'hostmaster.consul',
          serial: 0xfedcba98,
          refresh: 1,
          retry: 2,
          expire: 3,
          minimum: 4,
        },
      },
    ],
  ];
  for (const [record, expected] of RECORDS) {
    it(`carry ${(expected as { type: string }).type} as dns-packet reads it`, () => {
      const [decoded] = packet.decode(encode([record])).answers ?? [];
      expect(decoded).to.deep.include(expected);
    });
  }

  it('carry header and question back', () => {
    const bytes = encode([], { rcode: 3, truncated: true });
    expect(bytes.subarray(0, 12).toString('hex')).to.equal('000787130001000000000000');
    expect(packet.decode(bytes).questions).to.deep.equal([
      { name: 'web.service.consul', type: 'SRV', class: 'IN' },
    ]);
  });

  it('carry extended codes and the client subnet in the OPT record', () => {
    const clientSubnet = { family: 1, sourcePrefixBits: 20, address: Buffer.from([1, 2, 0x30]) };
    const bytes = encode([], { rcode: 16, edns: { udpSizeBytes: 1400, version: 1, clientSubnet } });
    expect(bytes.readUInt16BE(2) & 0xf).to.equal(0);
    const opt = '0000290578010000000' + '00b' + '0008000700011400010230';
    expect(bytes.toString('hex').slice(-opt.length)).to.equal(opt);
  });

  it('compress every name but SRV targets, in the case it has', () => {
    const records = ['a', 'b'].map((host): ResourceRecord => ({
      type: 'SRV',
      owner,
      ttlSeconds,
      priority: 1,
      weight: 1,
      port: 1,
      target: name(`${host}.node.consul`),
    }));
    const glue: ResourceRecord[] = ['a', 'B'].map((host) => ({
      type: 'address',
      owner: name(`${host}.node.consul`),
      ttlSeconds,
      address: Buffer.alloc(4),
    }));
    const bytes = encode(records, { additionals: glue });
    const questionBytes = 12 + 20 + 4;
    // Per SRV: pointer, fixed part, whole target. Per A: a pointer alone, or a label and a pointer.
    expect(bytes.length).to.equal(questionBytes + 2 * (2 + 16 + 15) + (2 + 14) + (2 + 2 + 14));
    const { answers, additionals } = packet.decode(bytes);
    expect(answers?.map((record) => record.type === 'SRV' && record.data.target)).to.deep.equal([
      'a.node.consul',
      'b.node.consul',
    ]);
    expect(additionals?.map((record) => record.name)).to.deep.equal(['a.node.consul', 'B.node.consul']);
  });

  it('stay readable past the reach of compression pointers', () => {
    const records = Array.from({ length: 1500 }, (_, n): ResourceRecord => ({
      type: 'CNAME',
      owner: name(`h${n}.consul`),
      ttlSeconds,
      target: name(`h${n}.consul`),
    }));
    const bytes = encode(records);
    expect(bytes.length).to.be.greaterThan(0x4000);
    const { answers = [] } = packet.decode(bytes);
    const names = records.map((_, n) => `h${n}.consul`);
    expect(answers.map((record) => record.name)).to.deep.equal(names);
    expect(answers.map((record) => record.type === 'CNAME' && record.data)).to.deep.equal(names);
  });

  it('are not made when longer than allowed', () => {
    const record: ResourceRecord = { type: 'address', owner, ttlSeconds, address: Buffer.alloc(4) };
    const { length } = encode([record]);
    const message = {
      header,
      rcode: 0,
      authoritative: true,
      truncated: false,
      question,
      edns: undefined,
      recursionAvailable: false,
      compress: true,
      forSubnet: false,
    } as const;
    const whole = { ...message, answers: [record], authorities: [], additionals: [] };
    expect(encodeAnswer(whole, length)?.length).to.equal(length);
    for (let max = 0; max < length; max++)
      expect(encodeAnswer(whole, max), `${max} bytes`).to.equal(undefined);
  });
});
