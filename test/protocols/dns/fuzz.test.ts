import { expect } from 'chai';
import packet from 'dns-packet';
import type { Logger } from '../../../src/platform/logger.ts';
import { NO_METRICS } from '../../../src/protocols/dns/metrics.ts';
import { createResponder } from '../../../src/protocols/dns/responder.ts';
import { FixtureCatalog } from './catalog.ts';
import { queryFor } from './client.ts';
import { fractionsOf } from './fractions.ts';

/** `npm run test:fuzz` sets more. */
const PACKETS = Number(process.env['FUZZ_PACKETS'] ?? 100_000);
const SEED = 0x5eed;

const SEEDS: readonly Buffer[] = [
  queryFor('db.service.consul', 'A'),
  queryFor('_db._tcp.service.consul', 'SRV', { ednsSizeBytes: 1232 }),
  queryFor('big.service.consul', 'SRV', { ednsSizeBytes: 4096 }),
  queryFor('metabig.service.dc1.rollcall', 'ANY', { ednsSizeBytes: 65_535 }),
  queryFor('inner2.service.consul', 'AAAA', { ednsSizeBytes: 600 }),
  queryFor('metal.node.consul', 'TXT'),
  queryFor('0a000001.addr.consul', 'A'),
  queryFor('consul', 'SOA'),
  queryFor(`${'y'.repeat(63)}.${'z'.repeat(63)}.${'y'.repeat(63)}.db.service.consul`, 'A'),
  queryFor('example.com', 'A'),
  queryFor('user-42.key.metabig.service.consul', 'SRV', { ednsSizeBytes: 1232 }),
  queryFor('ordered.query.consul', 'A'),
  queryFor('1.0.0.10.in-addr.arpa', 'PTR'),
  queryFor(`1.${'0.'.repeat(23)}8.b.d.0.1.0.0.2.ip6.arpa`, 'PTR'),
];

describe('dns: fuzz', function () {
  this.timeout(120_000 + PACKETS);

  it(`answers ${PACKETS} mutated packets within bounds and never throws`, () => {
    const fraction = fractionsOf(SEED);
    const below = (count: number) => Math.floor(fraction() * count);
    const failures: object[] = [];
    const logger: Logger = {
      debug: () => undefined,
      info: () => undefined,
      warn: () => undefined,
      error: (fields) => failures.push(fields),
      child: () => logger,
    };
    const respond = createResponder({
      catalog: new FixtureCatalog(),
      policy: {
        serviceTtlSeconds: () => 0,
        nodeTtlSeconds: 0,
        onlyPassing: false,
        aRecordLimit: 0,
        additionalNodeMeta: true,
        soa: { refreshSeconds: 1, retrySeconds: 1, expireSeconds: 1, negativeTtlSeconds: 1 },
      },
      random: { fraction, uuid: () => '', token: () => '' },
      clock: { now: () => 0, monotonic: () => 0 },
      udpAnswerLimit: 3,
      enableTruncate: false,
      compress: true,
      recursor: undefined,
      metrics: NO_METRICS,
      logger,
    });
    const rcodes = new Map<number | 'silent', number>();
    for (let n = 0; n < PACKETS; n++) {
      const query = mutate(SEEDS[below(SEEDS.length)] ?? Buffer.alloc(0), below);
      const transport = n % 4 === 0 ? 'tcp' : 'udp';
      const answer = respond(query, transport, '10.7.0.1');
      if (answer instanceof Promise) throw new Error('an answer that comes later');
      const rcode = answer ? answer.readUInt16BE(2) & 0xf : 'silent';
      rcodes.set(rcode, (rcodes.get(rcode) ?? 0) + 1);
      if (!answer) continue;
      const what = `packet ${n}: ${query.toString('hex')}`;
      expect(answer.readUInt16BE(0), what).to.equal(query.readUInt16BE(0));
      expect(answer.readUInt16BE(2) & 0x8000, what).to.equal(0x8000);
      expect(answer.length, what).to.be.at.most(transport === 'tcp' ? 65_523 : 4096);
      if (query.readUInt16BE(10) === 0 && transport === 'udp') expect(answer.length, what).to.be.at.most(512);
      if (n % 10 === 0) expect(() => packet.decode(answer), what).not.to.throw();
    }
    expect(failures).to.deep.equal([]);
    // The mutations reach every way out.
    expect([...rcodes.keys()]).to.have.members([0, 1, 3, 4, 5, 'silent']);
    for (const [rcode, count] of rcodes) expect(count, `rcode ${rcode}`).to.be.greaterThan(PACKETS / 200);
  });
});

/** Changes 1 to 4 things: bytes, bits, counts, pointers, the end, or what follows it. */
function mutate(seed: Buffer, below: (count: number) => number): Buffer {
  let bytes: Buffer = Buffer.from(seed);
  bytes.writeUInt16BE(below(65_536), 0);
  for (let changes = 1 + below(4); changes > 0; changes--) {
    const at = below(bytes.length);
    switch (below(8)) {
      case 0:
        bytes[at] = below(256);
        break;
      case 1:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8));
        break;
      case 2:
        if (bytes.length >= 12) bytes.writeUInt16BE(below(4), 4 + 2 * below(4));
        break;
      case 3:
        if (at + 2 <= bytes.length) bytes.writeUInt16BE(0xc000 | below(bytes.length + 4), at);
        break;
      case 4:
        if (below(4) === 0) bytes = bytes.subarray(0, at);
        break;
      case 5:
        bytes = Buffer.concat([bytes, Buffer.from(Array.from({ length: below(40) }, () => below(256)))]);
        break;
      case 6:
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          bytes.subarray(at, at + below(20)),
          bytes.subarray(at),
        ]);
        break;
      default:
        if (at + 2 <= bytes.length) bytes.writeUInt16BE([0, 1, 255, 0x8000, 65_535][below(5)] ?? 0, at);
    }
    if (bytes.length === 0) break;
  }
  return bytes;
}
