import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { createRedisStore } from '../../src/store/redis/index.ts';
import { createLogger } from '../../src/platform/logger.ts';
import { makeCertificates, type Certificates } from '../support/certificates.ts';
import { RedisServer, requireRedis } from '../support/redis-server.ts';
import { describeStoreContract } from './contract.ts';
import { codeOf } from './harness.ts';
import { buildStore, closeStores, makeRedisHarness } from './redis-harness.ts';

const PASSWORD = 's:cret';
/** The user that `deploy/` gives Rollcall, for any namespace. */
const USER = readFileSync(new URL('../../deploy/redis/users.acl', import.meta.url), 'utf8')
  .replace('@ROLLCALL@', createHash('sha256').update(PASSWORD).digest('hex'))
  .split('\n')
  .flatMap((line) => /^user (rollcall .*)$/.exec(line)?.[1]?.replace('~{rollcall}:*', '~{*}:*') ?? [])
  .join('');

describe('redis store over TLS, with a certificate and an ACL user', function () {
  this.timeout(30_000);
  let certificates: Certificates;
  let server: RedisServer | undefined;
  const url = (login = 'rollcall:s%3Acret') => server?.url.replace('rediss://', `rediss://${login}@`) ?? '';

  before(async function () {
    requireRedis(this);
    certificates = makeCertificates();
    server = await RedisServer.start({
      appendonly: true,
      appendfsync: 'always',
      tls: certificates,
    });
    await server.call('ACL', 'SETUSER', ...USER.split(' '));
  });

  afterEach(closeStores);

  after(async () => {
    await server?.stop();
  });

  const crash = async (): Promise<void> => {
    await server?.restart();
    await server?.call('ACL', 'SETUSER', ...USER.split(' '));
  };

  describeStoreContract('redis over TLS', (options) =>
    makeRedisHarness(url, crash, { tlsFiles: certificates })(options),
  );

  it('is refused without the authority, the certificate or the right password', async () => {
    const { ca, ...pair } = certificates;
    const stores = [
      buildStore(url(), { tlsFiles: pair, openTimeoutMs: 300 }),
      buildStore(url(), { tlsFiles: { ca }, openTimeoutMs: 300 }),
      buildStore(url('rollcall:wrong'), { tlsFiles: certificates, openTimeoutMs: 300 }),
    ];
    for (const store of stores) expect(await codeOf(store.open())).to.equal('unavailable');
    await buildStore(url(), { tlsFiles: certificates }).open();
  });

  it('names a file that cannot be read', () => {
    const options = { url: url(), logger: createLogger('silent'), tlsFiles: { ca: '/nowhere/ca.pem' } };
    expect(() => createRedisStore(options)).to.throw('/nowhere/ca.pem');
  });
});
