import { expect } from 'chai';
import packet from 'dns-packet';
import { createLogger } from '../../../src/platform/logger.ts';
import { NO_METRICS } from '../../../src/protocols/dns/metrics.ts';
import { createResponder, type ResponderOptions } from '../../../src/protocols/dns/responder.ts';
import { FixtureCatalog, INSTANCES } from './catalog.ts';
import { decodeAnswer, queryFor, type Answered } from './client.ts';
import { fractionsOf } from './fractions.ts';

/** All but the one whose alias leads to a few of sixty at random. */
const NAMES = [...new Set(INSTANCES.map(({ service }) => `${service}.service.consul`))].filter(
  (name) => !name.startsWith('innerbig.'),
);
const SIZES = [undefined, 400, 513, 600, 1232, 4096, 65_535];

describe('dns: answers from templates', () => {
  const catalog = new FixtureCatalog();
  let drawn = 0;
  const options: ResponderOptions = {
    catalog,
    policy: {
      serviceTtlSeconds: (service) => service.length,
      nodeTtlSeconds: 0,
      onlyPassing: false,
      aRecordLimit: 0,
      additionalNodeMeta: true,
      soa: { refreshSeconds: 1, retrySeconds: 1, expireSeconds: 1, negativeTtlSeconds: 1 },
    },
    // A full cycle of fractions: every order comes up, and the same ones in each run.
    random: { fraction: () => (drawn = (drawn + 0.618034) % 1), uuid: () => '', token: () => '' },
    clock: { now: () => 0, monotonic: () => 0 },
    udpAnswerLimit: 3,
    enableTruncate: true,
    compress: true,
    recursor: undefined,
    metrics: NO_METRICS,
    logger: createLogger('silent'),
  };
  const respond = createResponder(options);
  /** An option of EDNS, such as dig's cookie, makes a query one for the general path. */
  const withOption = (query: Buffer) => {
    const cookie = Buffer.concat([Buffer.from([0, 10, 0, 8]), Buffer.alloc(8)]);
    const changed = Buffer.concat([query, cookie]);
    changed.writeUInt16BE(cookie.length, query.length - 2);
    return changed;
  };

  function answer(query: Buffer, by = respond): Answered {
    const bytes = by(query, 'udp', '10.0.0.1');
    if (bytes === undefined || bytes instanceof Promise) throw new Error('no answer at once');
    return decodeAnswer(bytes);
  }

  const summary = ({ rcode, authoritative, truncated, answers, authorities, ednsSizeBytes }: Answered) => ({
    rcode,
    authoritative,
    truncated,
    ednsSizeBytes,
    answers: answers.length,
    authorities,
  });

  it('say the same as those that are encoded one by one', () => {
    let templated = 0;
    for (const name of NAMES) {
      for (const type of ['A', 'AAAA', 'SRV']) {
        for (const ednsSizeBytes of SIZES.filter((size) => size !== undefined)) {
          const query = queryFor(name, type, { ednsSizeBytes });
          const what = `${name} ${type} ${ednsSizeBytes}`;
          const quick = answer(query);
          const slow = answer(withOption(query));
          expect(quick.bytes.length, what).to.be.at.most(Math.min(4096, Math.max(512, ednsSizeBytes)));
          // What depends on the order drawn is compared where everything fits.
          expect({ ...summary(quick), answers: 0 }, what).to.deep.equal({ ...summary(slow), answers: 0 });
          if (slow.truncated) continue;
          templated++;
          expect(quick.answers, what).to.have.members(slow.answers);
          expect(quick.additionals, what).to.have.members(slow.additionals);
        }
      }
    }
    expect(templated).to.be.greaterThan(100);
  });

  it('hold as many answers as fit, each with its address', () => {
    for (const name of ['big', 'bign', 'metabig'].map((service) => `${service}.service.consul`)) {
      for (const ednsSizeBytes of SIZES) {
        const query = queryFor(name, 'SRV', ednsSizeBytes === undefined ? {} : { ednsSizeBytes });
        const { answers, additionals, truncated, bytes } = answer(query);
        const targets = answers.map((line) => line.split(' ').at(-1));
        const glued = additionals
          .map((line) => line.split(' ')[0])
          .filter((owner) => targets.includes(owner));
        expect(new Set(glued), `${name} ${ednsSizeBytes ?? 'plain'}`).to.deep.equal(new Set(targets));
        expect(truncated).to.equal(answers.length < 60);
        const limit = Math.min(4096, Math.max(512, ednsSizeBytes ?? 0));
        const recordBytes = (bytes.length - 50) / answers.length;
        if (ednsSizeBytes !== undefined && ednsSizeBytes > 512 && answers.length < 60)
          expect(bytes.length).to.be.greaterThan(limit - 2 * recordBytes);
      }
    }
  });

  it('echo id, question, RD and CD, and drop everything else of the header', () => {
    const query = queryFor('bIg.SERVICE.cOnSuL', 'A');
    query.writeUInt16BE(0x0130, 2);
    const { bytes, answers } = answer(query);
    expect(bytes.subarray(0, 2)).to.deep.equal(query.subarray(0, 2));
    expect(bytes.readUInt16BE(2)).to.equal(0x8400 | 0x0200 | 0x0110);
    expect(bytes.subarray(12, query.length)).to.deep.equal(query.subarray(12));
    expect(answers.every((line) => line.startsWith('bIg.SERVICE.cOnSuL A '))).to.equal(true);
  });

  it('put every instance first equally often, and leave out each equally often', () => {
    const first = new Map<string, number>();
    const seen = new Map<string, number>();
    const seeded = fractionsOf(7);
    const by = createResponder({ ...options, random: { ...options.random, fraction: seeded } });
    const query = queryFor('big.service.consul', 'A');
    for (let n = 0; n < 30_000; n++) {
      const { answers } = answer(query, by);
      for (const line of answers) seen.set(line, (seen.get(line) ?? 0) + 1);
      first.set(answers[0] ?? '', (first.get(answers[0] ?? '') ?? 0) + 1);
    }
    expect(first.size).to.equal(60);
    // 30,000 draws over 60 instances: 500 each, of standard deviation 22.
    for (const [line, count] of first) expect(count, line).to.be.within(380, 620);
    for (const [line, count] of seen) expect(count, line).to.be.within(1300, 1700);
  });

  it('follow the catalog', () => {
    let revision = 1;
    const [instance] = new FixtureCatalog().service('db') ?? [];
    if (instance === undefined) throw new Error('the fixture has no db');
    let instances = [instance];
    const changing = new FixtureCatalog();
    changing.revision = () => revision;
    changing.service = () => instances;
    const by = createResponder({ ...options, catalog: changing });
    const ports = () => answer(queryFor('x.service.consul', 'SRV', { ednsSizeBytes: 1232 }), by).answers;
    const line = (port: number) => `x.service.consul SRV 1 10 ${port} Alpha.node.dc1.consul`;
    expect(ports()).to.deep.equal([line(5000)]);
    instances = [{ ...instance, port: 6000 }];
    revision = 2;
    expect(ports()).to.deep.equal([line(6000)]);
    instances = [];
    revision = 3;
    expect(ports()).to.deep.equal([]);
    instances = [instance];
    expect(ports()).to.deep.equal([line(5000)]);
    changing.isReady = false;
    expect(answer(queryFor('x.service.consul', 'SRV'), by).rcode).to.equal(2);
  });

  it('decode whatever the type of the question', () => {
    for (const type of ['A', 'AAAA', 'SRV'])
      expect(() => packet.decode(answer(queryFor('metabig.service.consul', type)).bytes)).not.to.throw();
  });
});
