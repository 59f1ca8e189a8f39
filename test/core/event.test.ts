import { expect } from 'chai';
import { decideFire, eventsAfterQuery } from '../../src/core/index.ts';
import { PureCatalog } from '../support/pure-catalog.ts';

describe('event rules', () => {
  const fire = (catalog: PureCatalog, name: string) =>
    catalog.commit(
      decideFire(catalog.state, {
        id: `id-${name}`,
        name,
        payload: '',
        nodeFilter: '',
        serviceFilter: '',
        tagFilter: '',
      }),
    );

  it('number events from 1, and remember the last 256 in order', () => {
    const catalog = new PureCatalog();
    expect(fire(catalog, 'first').time).to.equal(1);
    for (let i = 2; i <= 300; i++) fire(catalog, `e${String(i)}`);
    const times = eventsAfterQuery(() => false)
      .run(catalog.state)
      .map(({ time }) => time);
    expect(times).to.deep.equal(Array.from({ length: 256 }, (_, i) => i + 45));
  });

  it('conflict with another event fired at the same time, so that both get a time of their own', () => {
    const catalog = new PureCatalog();
    fire(catalog, 'a');
    const { compares } = decideFire(catalog.state, {
      id: 'b',
      name: 'b',
      payload: '',
      nodeFilter: '',
      serviceFilter: '',
      tagFilter: '',
    }).draft;
    expect(compares).to.deep.equal([
      { kind: 'record', table: 'event', key: '0000000000000002', revision: 0 },
    ]);
  });

  it('answer a reader once the last event of that name is another', () => {
    const catalog = new PureCatalog();
    fire(catalog, 'a');
    const query = eventsAfterQuery((last) => last?.id === 'id-a', 'a');
    expect(query.index(catalog.state)).to.equal(1);
    fire(catalog, 'b');
    expect(query.index(catalog.state)).to.equal(1);
    expect(query.run(catalog.state).map(({ name }) => name)).to.deep.equal(['a']);
    expect(eventsAfterQuery((last) => last?.id === 'id-a').index(catalog.state)).to.equal(2);
  });
});
