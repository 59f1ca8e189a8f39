import { expect } from 'chai';
import { GroupIndex } from '../../src/core/group-index.ts';

describe('core: index of groups', () => {
  it('is as a map of maps is, whatever is set and deleted', () => {
    const index = new GroupIndex<number>();
    const model = new Map<string, Map<string, number>>();
    let seed = 7;
    const next = (below: number) => (seed = (seed * 48271) % 2147483647) % below;
    for (let step = 0; step < 5000; step++) {
      const [group, key] = [`g${String(next(20))}`, `k${String(next(4))}`];
      const held = model.get(group) ?? new Map<string, number>();
      if (next(2) === 0) {
        index.set(group, key, step);
        model.set(group, held.set(key, step));
      } else {
        index.delete(group, key);
        held.delete(key);
      }
      const found = index.get(group);
      const entries = [...held].sort();
      expect([...found].sort()).to.deep.equal(entries);
      expect([...found.entries()].sort()).to.deep.equal(entries);
      expect([...found.keys()].sort()).to.deep.equal(entries.map(([name]) => name));
      expect([...found.values()].sort()).to.deep.equal([...held.values()].sort());
      expect([found.size, found.get(key), found.has(key)]).to.deep.equal([
        held.size,
        held.get(key),
        held.has(key),
      ]);
      const visited: [string, number][] = [];
      found.forEach((value, name) => visited.push([name, value]));
      expect(visited.sort()).to.deep.equal(entries);
    }
  });
});
