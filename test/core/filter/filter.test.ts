import { expect } from 'chai';
import { compileFilter, FilterError, type FilterSchema } from '../../../src/core/index.ts';
import { compileRegexp } from '../../../src/platform/regexp.ts';
import * as schemas from '../../../src/protocols/consul/filter-schemas.ts';
import { AGENT_SERVICES, INSTANCES } from './catalog.ts';
import type { Subject } from './group.ts';
import { PASSING } from './passing.ts';
import { RealConsul } from './real-consul.ts';
import { REFUSED } from './refused.ts';
import { UNEXPECTED } from './unexpected.ts';

const CATALOG: Record<Subject, { schema: FilterSchema; entries: [id: string, value: unknown][] }> = {
  nodes: { schema: schemas.NODE_SCHEMA, entries: INSTANCES.map(({ Node }) => [Node.Node, Node]) },
  instances: {
    schema: schemas.CHECK_SERVICE_NODE_SCHEMA,
    entries: INSTANCES.map((instance) => [instance.Service.ID, instance]),
  },
  services: {
    schema: schemas.NODE_SERVICE_SCHEMA,
    entries: AGENT_SERVICES.map((service) => [service.ID, service]),
  },
};

/**
 * The table of filters. With `CONSUL_URL=http://127.0.0.1:PORT` it is tried on a real Consul 1.8.7
 * instead, which proves the expectations rather than the code.
 */
describe('filter: table', () => {
  const url = process.env['CONSUL_URL'];
  const consul = url === undefined ? undefined : new RealConsul(url);

  before(() => consul?.register());
  after(() => consul?.deregister());

  if (consul !== undefined) {
    it('is about the catalog that the real one has', async () => {
      const { instances, services } = await consul.answers();
      expect(instances).to.have.deep.members(INSTANCES);
      expect(services).to.deep.equal(AGENT_SERVICES);
    });
  }

  for (const { about, subject, rows } of PASSING) {
    describe(`${subject}: ${about}`, () => {
      for (const [filter, expected] of rows)
        it(JSON.stringify(filter), async () => {
          const passing = consul === undefined ? passed(subject, filter) : consul.passing(subject, filter);
          expect((await passing).join(' ')).to.equal(expected);
        });
    });
  }

  for (const { about, subject, rows } of REFUSED) {
    describe(`${subject}: refuses ${about}`, () => {
      for (const [filter, detail] of rows)
        it(JSON.stringify(filter), async () => {
          expect(await refusal(subject, filter)).to.equal(detail);
        });
    });
  }

  describe('nodes: refuses what breaks off', () => {
    for (const [filter, place, expected] of UNEXPECTED)
      it(JSON.stringify(filter), async () => {
        const detail = `${place}: no match found, expected: ${expected}`;
        expect(await refusal('nodes', filter)).to.equal(detail);
      });
  });

  async function refusal(subject: Subject, filter: string): Promise<string> {
    if (consul === undefined) return refusedWith(() => passed(subject, filter)).message;
    const refused = await consul.passing(subject, filter).catch((error: unknown) => (error as Error).message);
    return String(refused).replace('Failed to create boolean expression evaluator: ', '');
  }
});

describe('filter', () => {
  it('Compat(consul): a missing key matches every regular expression, and its opposite too', () => {
    expect(passed('nodes', 'Meta.none matches "^a$"')).to.have.length(3);
    expect(passed('nodes', 'Meta.none not matches "^a$"')).to.have.length(3);
    expect(passed('nodes', 'Meta.empty matches "^a$"')).to.have.length(2);
  });

  it('that is empty passes everything', () => {
    expect(compileFilter('', {}, compileRegexp).matches(undefined)).to.equal(true);
  });

  it('takes absent, null and foreign values as zero values', () => {
    const zero = `Service.Port == 0 and Service.Address == "" and Service.EnableTagOverride == false
      and Service.Tags is empty and Service.Meta is empty and Service.Proxy.Expose.Checks != true
      and Service.TaggedAddresses is empty and Checks is empty`;
    for (const value of [undefined, null, {}, { Service: null }, { Service: { Tags: null, Meta: 'a' } }, []])
      expect(holds(zero, schemas.CHECK_SERVICE_NODE_SCHEMA, value), JSON.stringify(value)).to.equal(true);
  });

  it('reads maps as it reads plain objects', () => {
    const value = { Meta: new Map([['env', 'prod']]), TaggedAddresses: new Map() };
    const filter = 'Meta.env == prod and env in Meta and a not in Meta and TaggedAddresses is empty';
    expect(holds(filter, schemas.NODE_SCHEMA, value)).to.equal(true);
    expect(holds('Meta.env == test or Meta is empty', schemas.NODE_SCHEMA, value)).to.equal(false);
  });

  it('knows the fields that came after Consul 1.8.7', () => {
    const instance = {
      Service: { SocketPath: '/s', PeerName: 'p', Proxy: { Mode: 'direct', AccessLogs: { Enabled: true } } },
      Checks: [{ Interval: '10s', ExposedPort: 7 }],
    };
    const filter = `Service.SocketPath == "/s" and Service.PeerName == p and Service.Proxy.Mode == direct and
      Service.Proxy.AccessLogs.Enabled == true and Checks.Interval == "10s" and Checks.ExposedPort == 7`;
    expect(holds(filter, schemas.CHECK_SERVICE_NODE_SCHEMA, instance)).to.equal(true);
    const node = { ServiceSocketPath: '/s', ServicePort: 80, ServiceTags: ['a'] };
    const ofNode = 'ServiceSocketPath == "/s" and ServicePort == 80 and a in ServiceTags';
    expect(holds(ofNode, schemas.SERVICE_NODE_SCHEMA, node)).to.equal(true);
    expect(holds('Type == ttl', schemas.HEALTH_CHECK_SCHEMA, { Type: 'ttl' })).to.equal(true);
  });

  it('compares the numbers of members within their range', () => {
    const member = { Name: 'a', Port: 8301, Status: 1, ProtocolCur: 2, Tags: { role: 'consul' } };
    const filter = 'Port == 8301 and Status == 1 and ProtocolCur == 2 and Tags.role == consul';
    expect(holds(filter, schemas.MEMBER_SCHEMA, member)).to.equal(true);
    const tooLarge = 'strconv.ParseUint: parsing "65536": value out of range';
    const signed = 'strconv.ParseUint: parsing "-1": invalid syntax';
    for (const [wrong, reason] of [
      ['Port == 65536', `Failed to coerce value "65536" for selector "Port": ${tooLarge}`],
      ['ProtocolCur == -1', `Failed to coerce value "-1" for selector "ProtocolCur": ${signed}`],
    ] as const)
      expect(refusedWith(() => holds(wrong, schemas.MEMBER_SCHEMA, {})).message).to.equal(reason);
  });

  it('refuses half of a surrogate pair, as later Consuls do', () => {
    const refused = refusedWith(() => passed('nodes', String.raw`Node == "\ud83d"`));
    expect(refused.message).to.equal('1:9 (8): rule "string": invalid syntax');
  });

  it('says whether the language or the schema refused it', () => {
    const stageOf = (filter: string) => refusedWith(() => passed('nodes', filter)).stage;
    expect(['Node ==', 'Node == 1a', 'a in 3'].map(stageOf)).to.deep.equal(['syntax', 'syntax', 'syntax']);
    expect(['Bogus == 1', 'Node is empty', 'Node matches "("'].map(stageOf)).to.deep.equal([
      'meaning',
      'meaning',
      'meaning',
    ]);
  });
});

describe('filter: bounds', () => {
  const ofNode = (filter: string) => () => passed('nodes', filter);

  it('takes 8192 characters and no more', () => {
    const filter = `Node == "${'a'.repeat(8182)}"`;
    expect(passed('nodes', filter)).to.deep.equal([]);
    const reason = 'Number of characters (8193) exceeds the limit (8192)';
    expect(refusedWith(ofNode(`${filter} `)).message).to.equal(reason);
  });

  it('takes 64 matches and no more', () => {
    const matches = (count: number) => Array.from({ length: count }, () => 'Node != a').join(' and ');
    expect(passed('nodes', matches(64))).to.have.length(3);
    const reason = 'Number of match expressions (65) exceeds the limit (64)';
    expect(refusedWith(ofNode(`not (${matches(65)})`)).message).to.equal(reason);
  });

  it('takes 32 levels and no more, of grouping as of negation', () => {
    const grouped = (depth: number) => `${'('.repeat(depth)}Node != a${')'.repeat(depth)}`;
    const reason = 'Expression is nested deeper than 32 levels';
    expect(passed('nodes', grouped(32))).to.have.length(3);
    expect(passed('nodes', `${'not '.repeat(32)}Node != a`)).to.have.length(3);
    expect(passed('nodes', `${grouped(32)} and ${grouped(32)}`)).to.have.length(3);
    expect(refusedWith(ofNode(grouped(33))).message).to.equal(reason);
    expect(refusedWith(ofNode(`${'not '.repeat(33)}Node != a`)).message).to.equal(reason);
  });

  it('takes time in proportion to the text, however it is malformed', () => {
    const parts = [
      '(',
      'not ',
      'a.a',
      'a[',
      'a["x"]',
      'a == 1 or ',
      '((((a == 1)))) and ',
      '"',
      'a in (',
      ' ',
    ];
    for (const part of parts) {
      const started = performance.now();
      refusedWith(ofNode(part.repeat(Math.floor(8192 / part.length))));
      expect(performance.now() - started, part).to.be.below(2_000);
    }
  });
});

function passed(subject: Subject, filter: string): string[] {
  const { schema, entries } = CATALOG[subject];
  const compiled = compileFilter(filter, schema, compileRegexp);
  return entries.filter(([, value]) => compiled.matches(value)).map(([id]) => id);
}

function holds(filter: string, schema: FilterSchema, value: unknown): boolean {
  return compileFilter(filter, schema, compileRegexp).matches(value);
}

function refusedWith(attempt: () => unknown): FilterError {
  let result: unknown;
  try {
    result = attempt();
  } catch (error) {
    if (error instanceof FilterError) return error;
    throw error;
  }
  throw new Error(`was not refused: ${JSON.stringify(result)}`);
}
