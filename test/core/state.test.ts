import { expect } from 'chai';
import fc from 'fast-check';
import {
  decideDeregisterInstance,
  decideDeregisterNode,
  decideRegister,
  serviceNamesQuery,
  serviceQuery,
  State,
  TABLES,
  type State as CatalogState,
} from '../../src/core/index.ts';
import { aCheck, aNode, anInstance, PureCatalog } from '../support/pure-catalog.ts';

const NODES = ['n1', 'N2', 'n3'];
const SERVICES = ['web', 'Web', 'db', '__proto__'];

const step = fc.record({
  kind: fc.constantFrom('register', 'deregister', 'drop-node'),
  node: fc.constantFrom(...NODES),
  service: fc.constantFrom(...SERVICES),
  port: fc.integer({ min: 1, max: 3 }),
});

function run(
  catalog: PureCatalog,
  { kind, node, service, port }: { kind: string; node: string; service: string; port: number },
): void {
  try {
    if (kind === 'register') {
      const check = {
        ...aCheck(node, `service:${service}`, { instanceId: service }),
        overwriteStatus: false,
      };
      const instance = anInstance(node, service, { port });
      catalog.commit(
        decideRegister(catalog.state, {
          node: aNode(node),
          keepNode: true,
          instance,
          checks: [check],
          replaceChecks: false,
        }),
      );
    } else if (kind === 'deregister') {
      catalog.commit(decideDeregisterInstance(catalog.state, node, service));
    } else {
      catalog.commit(decideDeregisterNode(catalog.state, node));
    }
  } catch (error) {
    expect(error)
      .to.have.property('code')
      .that.matches(/_not_found$/);
  }
}

/** The state a fresh node would build from a snapshot. */
function rebuilt(from: CatalogState): State {
  const state = new State();
  for (const table of TABLES) for (const record of from.values(table)) state.load(table, record);
  for (const [topic, revision] of from.topics) state.touch(topic, revision);
  return state;
}

function answers(state: CatalogState): unknown {
  return [
    [...serviceNamesQuery().run(state)],
    ...SERVICES.map((service) => [serviceQuery(service).index(state), serviceQuery(service).run(state)]),
    ...NODES.map((node) => [
      [...state.instancesOn(node).keys()].sort(),
      [...state.checksOn(node).keys()].sort(),
      SERVICES.map((service) => [...state.checksOf(node, service).keys()]),
    ]),
  ];
}

describe('state', () => {
  it('answers the same whether built by commits or from a snapshot', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const catalog = new PureCatalog();
        for (const each of steps) run(catalog, each);
        expect(answers(rebuilt(catalog.state))).to.deep.equal(answers(catalog.state));
      }),
      { numRuns: 400 },
    );
  });

  it('never takes a service index back', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const catalog = new PureCatalog();
        let last = 0;
        for (const each of steps) {
          run(catalog, each);
          const index = serviceQuery('db').index(catalog.state);
          expect(index).to.be.at.least(last);
          last = index;
        }
      }),
      { numRuns: 400 },
    );
  });

  it('leaves a record alone that a snapshot brought newer than the commit replayed over it', () => {
    const catalog = new PureCatalog();
    run(catalog, { kind: 'register', node: 'n1', service: 'web', port: 1 });
    const old = {
      revision: 1,
      operation: 'x',
      changes: [{ table: 'instance' as const, key: 'n1\0web', value: undefined }],
      touches: [],
    };
    catalog.state.apply(old);
    expect(catalog.state.instances.size).to.equal(1);
  });
});
