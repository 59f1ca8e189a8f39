import { expect } from 'chai';
import { parseRedisUrl } from '../../src/store/redis/address.ts';
import { storeKeys } from '../../src/store/redis/keys.ts';

describe('redis address', () => {
  const tcp = (host: string, port: number) => ({ host, port });
  const single = { topology: 'single', login: {}, tls: false, db: 0 };
  const cases: [string, object][] = [
    ['redis://cache', { ...single, endpoint: tcp('cache', 6379), label: 'redis://cache:6379' }],
    [
      'redis://10.0.0.1:7000/3',
      { ...single, endpoint: tcp('10.0.0.1', 7000), db: 3, label: 'redis://10.0.0.1:7000' },
    ],
    ['redis://h:1/', { ...single, endpoint: tcp('h', 1), label: 'redis://h:1' }],
    [
      'rediss://[::1]:6390',
      { ...single, endpoint: tcp('::1', 6390), tls: true, label: 'rediss://[::1]:6390' },
    ],
    [
      'redis://reg:p%40ss@h',
      {
        ...single,
        endpoint: tcp('h', 6379),
        login: { username: 'reg', password: 'p@ss' },
        label: 'redis://h:6379',
      },
    ],
    [
      'redis://:sec:ret@h',
      { ...single, endpoint: tcp('h', 6379), login: { password: 'sec:ret' }, label: 'redis://h:6379' },
    ],
    [
      'unix:///run/redis.sock?db=2',
      { ...single, endpoint: { path: '/run/redis.sock' }, db: 2, label: 'unix:///run/redis.sock' },
    ],
    [
      '/run/redis.sock',
      { ...single, endpoint: { path: '/run/redis.sock' }, label: 'unix:///run/redis.sock' },
    ],
    [
      'redis+sentinel://u:p@a,b:7,[::1]:8/main?db=2&sentinelUsername=s&sentinelPassword=q%2F',
      {
        topology: 'sentinel',
        sentinels: [tcp('a', 26379), tcp('b', 7), tcp('::1', 8)],
        sentinelLogin: { username: 's', password: 'q/' },
        master: 'main',
        login: { username: 'u', password: 'p' },
        tls: false,
        db: 2,
        label: 'redis+sentinel://a:26379,b:7,[::1]:8',
      },
    ],
    [
      'rediss+cluster://:p@a,b:7',
      {
        topology: 'cluster',
        seeds: [tcp('a', 6379), tcp('b', 7)],
        login: { password: 'p' },
        tls: true,
        db: 0,
        label: 'rediss+cluster://a:6379,b:7',
      },
    ],
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
    'redis://a,b',
    'redis://h:0',
    'redis://h:70000',
    'redis://h:1#x',
    'redis+sentinel://a',
    'redis+sentinel://a/m?commandTimeout=0',
    'redis+sentinel:///m',
    'redis+cluster://a,/',
    'redis+cluster://a/1',
    'redis+cluster://a?db=1',
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
