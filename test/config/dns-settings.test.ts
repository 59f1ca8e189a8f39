import { expect } from 'chai';
import { ConfigError, loadConfig } from '../../src/config/index.ts';

describe('settings of DNS', () => {
  const CASES: readonly [string, readonly string[], readonly string[]][] = [
    [
      'dns-recursors',
      ['10.0.0.2', '10.0.0.3:5353', '::1', '[fd00::53]:53', '10.0.0.2,10.0.0.3'],
      ['dns.example.com', '10.0.0.2:0', '10.0.0.2:65536', '[10.0.0.2', '[10.0.0.2]:53', '10.0.0.256'],
    ],
    [
      'dns-recursor-clients',
      ['10.0.0.0/8', '::1', 'fd00::/8,192.168.1.1', '0.0.0.0/0'],
      ['10.0.0.0/33', 'fd00::/129', '10.0.0.0/8/8', 'localhost', '10.0.0.0/'],
    ],
    ['dns-service-ttl', ['web=30', 'api-*=5,*=1'], ['web', 'web=', 'web=30s', '=30', 'a b=1']],
    ['dns-udp-answer-limit', ['1', '8'], ['0', '9']],
  ];

  for (const [flag, good, bad] of CASES) {
    it(`--${flag} takes what it can use and refuses the rest`, () => {
      for (const value of good) expect(() => loadConfig([`--${flag}`, value], {}), value).not.to.throw();
      for (const value of bad)
        expect(() => loadConfig([`--${flag}`, value], {}), value).to.throw(ConfigError, 'expected');
    });
  }
});
