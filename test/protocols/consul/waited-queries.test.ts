import { expect } from 'chai';
import type { Query } from '../../../src/core/index.ts';
import type { RouteResponse } from '../../../src/http/index.ts';
import { WaitedQueries } from '../../../src/protocols/consul/waited-queries.ts';

function query(...topics: string[]): Query<RouteResponse> {
  return { topics, index: () => 1, run: () => ({ status: 200 }) };
}

describe('Consul queries that are waited for', () => {
  it('are one for all who wait for the same', () => {
    const waited = new WaitedQueries();
    const first = waited.share('q', query('a', 'b'));
    expect(waited.share('q', query('a', 'b'))).to.equal(first);
    const other = query('a', 'b');
    expect(waited.share('other', other)).to.equal(other);
  });

  it('are of their own once the question stands for something else', () => {
    const waited = new WaitedQueries();
    waited.share('q', query('a'));
    for (const other of [query('b'), query('b', 'a'), query()]) {
      expect(waited.share('q', other)).to.equal(other);
      expect(waited.share('q', query(...other.topics))).to.equal(other);
    }
  });

  it('are no more than a thousand, the oldest out first', () => {
    const waited = new WaitedQueries();
    const kept = Array.from({ length: 1001 }, (_, i) => waited.share(String(i), query('a')));
    expect(waited.share('1', query('a'))).to.equal(kept[1]);
    expect(waited.share('0', query('a'))).to.not.equal(kept[0]);
  });
});
