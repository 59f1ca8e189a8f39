import { expect } from 'chai';
import { decideRegister, type StateCommit } from '../../../src/core/index.ts';
import { RecentChanges } from '../../../src/protocols/eureka/recent-changes.ts';
import { aNode, anInstance, PureCatalog } from '../../support/pure-catalog.ts';

function catalogOf(...services: string[]): PureCatalog {
  const catalog = new PureCatalog();
  for (const service of services) {
    const registration = { node: aNode('n'), keepNode: false, instance: anInstance('n', service) };
    catalog.commit(decideRegister(catalog.state, { ...registration, checks: [], replaceChecks: false }));
  }
  return catalog;
}

describe('eureka recent changes', () => {
  const clock = { now: () => 1, monotonic: () => 1 };
  let listeners: ((commits: readonly StateCommit[]) => void)[];
  const sourceOf = (catalog: PureCatalog, ready: boolean) => ({
    state: catalog.state,
    ready,
    onChange: (listener: (commits: readonly StateCommit[]) => void) => {
      listeners.push(listener);
      return () => undefined;
    },
  });
  const shown = (changes: RecentChanges) =>
    changes
      .applications(() => undefined)
      .flatMap(({ instances }) => instances.map(({ app, actionType }) => `${app} ${actionType}`));
  beforeEach(() => {
    listeners = [];
  });

  it('begin with all there is, whether it is loaded already or later', () => {
    expect(shown(new RecentChanges(sourceOf(catalogOf('a', 'b'), true), clock))).to.deep.equal([
      'A ADDED',
      'B ADDED',
    ]);
    const later = new RecentChanges(sourceOf(catalogOf('a'), false), clock);
    expect(shown(later)).to.deep.equal([]);
    listeners.at(-1)?.([]);
    expect(shown(later)).to.deep.equal(['A ADDED']);
  });

  it('after a new snapshot are all that is there, and all that has gone', () => {
    const source = sourceOf(catalogOf('a', 'b'), true);
    const changes = new RecentChanges(source, clock);
    source.state = catalogOf('b', 'c').state;
    listeners.at(-1)?.([]);
    expect(shown(changes)).to.deep.equal(['A DELETED', 'B ADDED', 'C ADDED']);
  });
});
