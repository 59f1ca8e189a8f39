import { expect } from 'chai';
import xxhash from 'xxhash-wasm';
import { fullHash } from '../../../src/core/ring/haproxy-hash.ts';
import { parseHostAddress } from '../../../src/core/ring/host-address.ts';
import { buildRing, pureHashes, type RingPolicy } from '../../../src/core/ring/index.ts';
import { xxh32 } from '../../../src/core/ring/xxh32.ts';

/** Of five servers of weight 100, what HAProxy 2.6.12 chose for `user-0`, `user-7`, `user-14` and so on. */
const WT6 =
  '21454131233432315513444333445225323115153344453341313252114221353154451113112135115154144224121111445451211255221242415534254322525544251512144521145333123344313132524442221113333355533351221154241333';
const WT6_AVALANCHE =
  '31215335343353223525242233344144241222124251314255135132325332423333323121451335143142335254423144132445224425252245342252415112224424235521121524132324452551124432121531344234415541221321322545345113';

type HaproxyPolicy = Extract<RingPolicy, { algorithm: 'haproxy-consistent' }>;

function policy(hashKey: HaproxyPolicy['hashKey'], hashFunction: HaproxyPolicy['hashFunction'] = 'sdbm') {
  return { algorithm: 'haproxy-consistent', hashKey, hashFunction, avalanche: true } as const;
}

/** Whether a ring of this server alone has its 16 points where they are mixed from `base`. */
function hasPoints(hashKey: HaproxyPolicy['hashKey'], server: string, base: number): boolean {
  const ring = buildRing([{ id: 'server', hashKey: server }], policy(hashKey), pureHashes);
  const ends = new Set(ring.parts()?.high);
  return Array.from({ length: 16 }, (_, j) => fullHash(base + j)).every((point) => ends.has(point));
}

describe('haproxy-consistent', () => {
  it('hashes keys with wt6 as HAProxy does', () => {
    const servers = [1, 2, 3, 4, 5].map((id) => ({ id: `${id}`, hashKey: `10.0.0.${id}:80`, weight: 100 }));
    const keys = Array.from({ length: 200 }, (_, i) => `user-${7 * i}`);
    for (const [avalanche, expected] of [
      [false, WT6],
      [true, WT6_AVALANCHE],
    ] as const) {
      const ring = buildRing(servers, { ...policy('id', 'wt6'), avalanche }, pureHashes);
      expect(keys.map((key) => ring.owner(key)?.id).join('')).to.equal(expected);
    }
  });

  it('places servers by GUID, by swapped id and by IPv6 address', async () => {
    const { h32, h32Raw } = await xxhash();
    const loopback = Uint8Array.from({ length: 16 }, (_, i) => (i === 15 ? 1 : 0));
    expect(hasPoints('guid', 'cart_1:a.b-c', h32('cart_1:a.b-c'))).to.equal(true);
    expect(hasPoints('id32', '7', fullHash(7 << 24))).to.equal(true);
    expect(hasPoints('id32', '305419896', fullHash(0x78563412))).to.equal(true);
    expect(hasPoints('addr', '[::1]:80', h32Raw(loopback, 0))).to.equal(true);
    expect(hasPoints('addr-port', '[::1]:80', h32Raw(loopback, fullHash(80)))).to.equal(true);
    expect(hasPoints('addr', '127.0.0.1:80', fullHash(0x0100007f))).to.equal(true);
    expect(hasPoints('addr-port', '127.0.0.1:80', fullHash(fullHash(80) + 0x0100007f))).to.equal(true);
    expect(hasPoints('addr', '127.0.0.1:80', fullHash(0x7f000001))).to.equal(false);
  });

  it('refuses what is no GUID and no address', () => {
    for (const guid of ['', 'a b', 'a/b', 'é', 'x'.repeat(128)]) {
      expect(() => hasPoints('guid', guid, 0), guid).to.throw(RangeError, 'guid needs 1 to 127');
    }
    for (const address of ['1.2.3.4', '1.2.3:80', '[::1]', '::1:80', '[::1]:65536', 'host:80', '']) {
      expect(() => hasPoints('addr', address, 0), address).to.throw(RangeError, 'addr needs "address:port"');
    }
  });

  it('reads addresses of both families', () => {
    const read: [text: string, hex: string | undefined][] = [
      ['1.2.3.4:80', '01020304'],
      ['[::]:80', '0'.repeat(32)],
      ['[1::2]:80', `0001${'0'.repeat(24)}0002`],
      ['[FE80:0:0:0:1:2:3:abcd]:80', 'fe80000000000000000100020003abcd'],
      ['[::ffff:1.2.3.4]:80', `${'0'.repeat(20)}ffff01020304`],
      ['[1:2:3:4:5:6:7::]:80', '0001000200030004000500060007' + '0000'],
      ['[1:2:3:4:5:6:7:8::]:80', undefined],
      ['[1::2::3]:80', undefined],
      ['[1:2:3:4:5:6:7]:80', undefined],
      ['[1.2.3.4::]:80', undefined],
      ['[12345::]:80', undefined],
      ['[:1::]:80', undefined],
      ['01.2.3.4:80', undefined],
      ['1.2.3.256:80', undefined],
      ['1.2.3.4:080', undefined],
    ];
    for (const [text, hex] of read) {
      const address = parseHostAddress(text);
      expect(address && Buffer.from(address.bytes).toString('hex'), text).to.equal(hex);
      if (hex !== undefined) expect(address?.port).to.equal(80);
    }
  });

  it('has an XXH32 that agrees with another implementation', async () => {
    const { h32Raw } = await xxhash();
    for (let length = 0; length < 70; length++) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 151 + length) & 255);
      for (const seed of [0, 1, 0xdeadbeef]) expect(xxh32(bytes, seed)).to.equal(h32Raw(bytes, seed));
    }
  });
});
