import { expect } from 'chai';
import { decideRegister, instanceKey, type StateCommit } from '../../../src/core/index.ts';
import type { Clock } from '../../../src/platform/clock.ts';
import { RecentChanges } from '../../../src/protocols/eureka/recent-changes.ts';
import { eventually } from '../../support/eventually.ts';
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
  const followed = (source: ReturnType<typeof sourceOf>, by: Clock = clock) => {
    const changes = new RecentChanges(source, by);
    changes.begin();
    return changes;
  };
  beforeEach(() => {
    listeners = [];
  });

  it('are followed by none before it is asked for, and by one however often it is', () => {
    const changes = new RecentChanges(sourceOf(catalogOf('a'), true), clock);
    expect(listeners).to.have.lengthOf(0);
    expect(shown(changes)).to.deep.equal([]);
    changes.begin();
    changes.begin();
    expect(listeners).to.have.lengthOf(1);
    expect(shown(changes)).to.deep.equal(['A ADDED']);
  });

  it('begin with all there is, whether it is loaded already or later', () => {
    expect(shown(followed(sourceOf(catalogOf('a', 'b'), true)))).to.deep.equal(['A ADDED', 'B ADDED']);
    const later = followed(sourceOf(catalogOf('a'), false));
    expect(shown(later)).to.deep.equal([]);
    listeners.at(-1)?.([]);
    expect(shown(later)).to.deep.equal(['A ADDED']);
  });

  it('after a new snapshot are all that is there, and all that has gone', () => {
    const source = sourceOf(catalogOf('a', 'b'), true);
    const changes = followed(source);
    source.state = catalogOf('b', 'c').state;
    listeners.at(-1)?.([]);
    expect(shown(changes)).to.deep.equal(['A DELETED', 'B ADDED', 'C ADDED']);
  });

  it('of a large catalog come in slices, between which the catalog goes on', async () => {
    let now = 0;
    // Each look at the clock takes a millisecond: a slice is a few instances.
    const slow = { now: () => 1, monotonic: () => now++ };
    const services = Array.from({ length: 20 }, (_, i) => `s${i}`);
    const source = sourceOf(catalogOf('gone', 'kept', 'moved'), true);
    const changes = followed(source, slow);
    await eventually(() => shown(changes).length === 3, 'the first catalog is known');
    source.state = catalogOf(...services, 'kept', 'moved').state;
    changes.purge();
    listeners.at(-1)?.([]);
    expect(shown(changes)).to.include('GONE DELETED').and.not.include('S19 ADDED');
    expect(changes.purge()).to.equal(false);
    const change = { table: 'instance', key: instanceKey('n', 'moved'), value: undefined } as const;
    const commit = { revision: source.state.revision + 1, operation: 'test', changes: [change], touches: [] };
    source.state.apply(commit);
    listeners.at(-1)?.([commit]);
    expect(shown(changes)).to.include('MOVED DELETED');
    await eventually(() => shown(changes).includes('S19 ADDED'), 'the next one is known');
    expect(shown(changes)).to.have.members([
      ...services.map((name) => `${name.toUpperCase()} ADDED`),
      ...['GONE DELETED', 'KEPT ADDED', 'MOVED DELETED'],
    ]);
    expect(changes.purge()).to.equal(true);
    expect(changes.purge()).to.equal(false);
  });
});
