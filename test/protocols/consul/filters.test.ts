import { expect } from 'chai';
import type { Clock } from '../../../src/platform/clock.ts';
import { HEALTH_CHECK_SCHEMA } from '../../../src/protocols/consul/filter-schemas.ts';
import { Filters } from '../../../src/protocols/consul/filters.ts';

class HandClock implements Clock {
  ms = 0;
  now(): number {
    return this.ms;
  }
  monotonic(): number {
    return this.ms;
  }
}

const asking = (filter: string) => new URLSearchParams({ filter });

describe('filters of requests', () => {
  it('stop an evaluation that takes longer than 2 s, and give the next one its whole time', () => {
    const clock = new HandClock();
    const passing = new Filters(clock).passing(asking('Status == passing'), HEALTH_CHECK_SCHEMA);
    const passes = passing();
    clock.ms = 60_000;
    expect(passes({ Status: 'passing' })).to.equal(true);
    clock.ms += 2000;
    expect(passes({ Status: 'critical' })).to.equal(false);
    clock.ms += 1;
    expect(() => passes({ Status: 'passing' }))
      .to.throw('Filter evaluation exceeded 2s')
      .with.property('status', 500);
    expect(passing()({ Status: 'passing' })).to.equal(true);
  });

  it('keep the 64 that were used last', () => {
    const filters = new Filters(new HandClock());
    const matches = (pattern: string, status: string) =>
      filters.passing(asking(`Status matches "${pattern}"`), HEALTH_CHECK_SCHEMA)()({ Status: status });
    for (let round = 0; round < 2; round++)
      for (let i = 0; i < 100; i++) expect(matches(`^s${String(i)}$`, `s${String(i)}`)).to.equal(true);
    expect(filters.size).to.equal(64);
  });
});
