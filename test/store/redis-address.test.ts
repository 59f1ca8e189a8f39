import { expect } from 'chai';
import { parseRedisUrl } from '../../src/store/redis/address.ts';
import { storeKeys } from '../../src/store/redis/keys.ts';

describe('redis address', () => {
  const cases: [string, object][] = [
    ['redis://cache', { host: 'cache', port: 6379, tls: false, db: 0, label: 'redis://cache:6379' }],
    [
      'redis://10.0.0.1:7000/3',
      { host: '10.0.0.1', port: 7000, tls: false, db: 3, label: 'redis://10.0.0.1:7000' },
    ],
    ['rediss://[::1]:6390', { host: '::1', port: 6390, tls: true, db: 0, label: 'rediss://[::1]:6390' }],
    [
      'redis://reg:p%40ss@h',
      {
        host: 'h',
        port: 6379,
        tls: false,
        username: 'reg',
        password: 'p@ss',
        db: 0,
        label: 'redis://h:6379',
      },
    ],
    [
      'redis://:secret@h',
      { host: 'h', port: 6379, tls: false, password: 'secret', db: 0, label: 'redis://h:6379' },
    ],
    [
      'unix:///run/redis.sock?db=2',
      { path: '/run/redis.sock', tls: false, db: 2, label: 'unix:///run/redis.sock' },
    ],
    ['/run/redis.sock', { path: '/run/redis.sock', tls: false, db: 0, label: 'unix:///run/redis.sock' }],
  ];
  for (const [url, expected] of cases) {
    it(`reads ${url}`, () => {
      expect(parseRedisUrl(url)).to.deep.equal(expected);
    });
  }

  for (const url of [
    '',
    'localhost:6379',
    'http://h',
    'redis://',
    'redis://h/zero',
    'redis://h/-1',
    'redis://h?commandTimeout=0',
    'redis://:%zz@h',
    'unix://host/path',
    'unix:///s.sock?enableOfflineQueue=true',
  ]) {
    it(`refuses ${JSON.stringify(url)}`, () => {
      expect(() => parseRedisUrl(url)).to.throw('invalid Redis URL');
    });
  }

  it('never shows the password', () => {
    expect(() => parseRedisUrl('redis://:hunter2@h?x=1')).to.throw(/^(?!.*hunter2)/);
  });

  it('refuses a namespace that would leave the hash tag', () => {
    expect(() => storeKeys('a}b')).to.throw('invalid Redis namespace');
    expect(() => storeKeys('')).to.throw('invalid Redis namespace');
    expect(storeKeys('a').all.every((key) => key.startsWith('{a}:'))).to.equal(true);
  });
});
