import { expect } from 'chai';
import type { HttpAnswer } from '../support/http.ts';
import { NOW } from '../support/eureka-server.ts';
import { EurekaOperator } from '../support/interop-eureka.ts';
import { requireJava, startSpring } from '../support/interop-java.ts';
import { killPrograms } from '../support/interop-program.ts';
import { EXCHANGES, type Exchange } from '../protocols/eureka/exchanges.ts';
import { expectAnswer, replay, titleOf } from '../protocols/eureka/replay.ts';

/** Where the original is known to answer otherwise than Rollcall. */
interface Difference {
  readonly why: string;
  readonly of: (exchange: Exchange) => boolean;
  /** The exchange would do harm there. */
  readonly notSent?: true;
  /** How many of the next exchanges then differ too; default 0. */
  readonly andNext?: number;
}

const DIFFERENCES: readonly Difference[] = [
  {
    why: "Netflix's own packages serve these paths, and Spring does not",
    of: ({ send }) => /^[A-Z]+ (\/eureka\/v1|\/v2)\//.test(send),
  },
  {
    why: 'a doubled slash is forgiven by Rollcall, for it is seen in configurations',
    of: ({ send }) => send.includes('//apps'),
  },
  {
    why: "Spring's filter hides this page of Netflix's",
    of: ({ send }) => send.endsWith('/serverinfo/statusoverrides'),
  },
  {
    why: 'metadata come in the order of a Java hash map',
    of: ({ text }) => String(text).includes('"x":"1","zone":"a"'),
  },
  {
    why: 'an id of spaces is an id there, so the next fault is named',
    of: ({ body = '' }) => body.includes('"instanceId":" "'),
  },
  { why: 'it runs into its own null and answers 500', of: ({ body }) => body === 'null' },
  {
    why: 'its decoder never returns, and keeps a thread busy for ever',
    of: ({ body = '' }) => body === '"x"' || body === '{"instance":[]}' || body.includes('"metadata":[]'),
    notSent: true,
  },
  {
    why: 'a plain number as port is understood by Rollcall, for old JavaScript clients send it',
    of: ({ body = '' }) => body.includes('"port":82'),
    andNext: 2,
  },
  {
    why: 'OPTIONS is answered with a description in WADL, and names the methods in another order',
    of: ({ send }) => send.startsWith('OPTIONS '),
  },
];

/** Either `EUREKA_URL`, whose registry is emptied, or a server of our own. */
describe('interop: the exchanges replayed on a real Eureka server', function () {
  this.timeout(300_000);
  const original = process.env['EUREKA_URL'];
  const used = new Set<Difference>();
  let url = original ?? '';
  let andNext = 0;

  before(async () => {
    if (original !== undefined) return;
    requireJava();
    const { port } = await startSpring('spring-server', {
      'eureka.client.register-with-eureka': false,
      'eureka.client.fetch-registry': false,
      // Its answers would be up to 30 seconds old.
      'eureka.server.use-read-only-response-cache': false,
    });
    url = `http://127.0.0.1:${String(port)}`;
  });
  after(async function () {
    await killPrograms(this.test?.parent?.tests.some(({ state }) => state === 'failed') ?? false);
  });

  for (const [group, exchanges] of Object.entries(EXCHANGES)) {
    describe(group, () => {
      before(() => new EurekaOperator(url).cancelAll());

      for (const exchange of exchanges) {
        it(titleOf(exchange), async () => {
          const known = DIFFERENCES.find((each) => each.of(exchange));
          if (known?.notSent) {
            used.add(known);
            return;
          }
          const answer = await replay(Number(new URL(url).port), exchange);
          try {
            expectAnswer(withoutVary(exchange), withoutItsOwn(answer));
          } catch (error) {
            if (known === undefined && andNext === 0) throw error;
            andNext = known === undefined ? andNext - 1 : (known.andNext ?? 0);
            if (known !== undefined) used.add(known);
          }
        });
      }
    });
  }

  // Tests of a suite run before its inner suites.
  describe('the known differences', () => {
    it('are all there', () => {
      expect(DIFFERENCES.filter((each) => !used.has(each)).map(({ why }) => why)).to.deep.equal([]);
    });
  });
});

/** Spring compresses nothing unless told to, so nothing varies. */
function withoutVary(exchange: Exchange): Exchange {
  if (exchange.answered === undefined) return exchange;
  const { vary: _, ...answered } = exchange.answered;
  return { ...exchange, answered };
}

/** Without the page that Tomcat or Spring adds to an error, and with the time of the exchanges for its own. */
function withoutItsOwn({ status, headers, text }: HttpAnswer): Omit<HttpAnswer, 'body'> {
  const page = status >= 400 && /^(\{"timestamp":|<!doctype html>)/.test(text);
  const stamps = /((?:registration|lastRenewal|lastUpdated|serviceUp)Timestamp":"?)\d{13}/g;
  return { status, headers, text: page ? '' : text.replaceAll(stamps, `$1${String(NOW)}`) };
}
