import { expect } from 'chai';
import { loadConfig } from '../../src/config/index.ts';

const load = (value: string) => loadConfig([], { ROLLCALL_EUREKA_REPLICATE_TO: value }).eurekaReplicateTo;

describe('settings of Eureka', () => {
  it('name any number of servers, none by default', () => {
    expect(loadConfig([], {}).eurekaReplicateTo).to.deep.equal([]);
    expect(load('http://a:8761/eureka, https://u:p@b/eureka/v2/')).to.deep.equal([
      'http://a:8761/eureka',
      'https://u:p@b/eureka/v2/',
    ]);
  });

  it('refuse what is no base URL, and never print it', () => {
    for (const value of [
      'a:8761',
      'ftp://u:secret@a/',
      'http://u:secret@',
      'http://u:secret@a/?b',
      'http://a,x',
      'http://u:secret%ff@a',
    ]) {
      expect(() => load(value), value)
        .to.throw(/ROLLCALL_EUREKA_REPLICATE_TO: expected .*base URLs/)
        .with.property('message')
        .that.does.not.include('secret');
    }
  });

  it('end leases on time unless they are told otherwise', () => {
    expect(loadConfig([], {}).eurekaDoubleLease).to.equal(false);
    expect(loadConfig(['--eureka-double-lease'], {}).eurekaDoubleLease).to.equal(true);
  });
});
