import { expect } from 'chai';
import { eventually } from '../support/eventually.ts';
import { send } from '../support/http.ts';
import { RedisServer, requireRedis } from '../support/redis-server.ts';
import { cleanUp, startRollcall } from '../support/rollcall-process.ts';

const REDIS = 'redis-5ecret';
const PEER = 'peer-5ecret';
const TOKEN = 'token-5ecret';
const PAGES = [
  ...[
    '/metrics',
    '/api/v1/status',
    '/api/v1/cluster',
    '/v1/agent/self',
    '/v1/agent/metrics',
    '/v1/agent/host',
  ],
  ...['/eureka/status', '/eureka/lastn', '/eureka/serverinfo/statusoverrides', '/v1/status/leader'],
];

function told(text: string): string[] {
  return [REDIS, PEER, TOKEN].filter((secret) => text.includes(secret));
}

describe('e2e: secrets', function () {
  this.timeout(90_000);
  let redis: RedisServer;
  before(async function () {
    requireRedis(this);
    redis = await RedisServer.start({ password: REDIS });
  });
  after(async () => {
    await cleanUp();
    await redis.stop();
  });

  it('are in no log, page or answer, whatever fails', async () => {
    const node = await startRollcall({
      REDIS_URL: `redis://:${REDIS}@127.0.0.1:${redis.port}`,
      EUREKA_REPLICATE_TO: `http://user:${PEER}@127.0.0.1:1/eureka`,
      LOG_LEVEL: 'debug',
    });
    const headers = { 'X-Consul-Token': TOKEN, Authorization: `Bearer ${TOKEN}`, Cookie: TOKEN };
    const ask = async (method: string, path: string, body = '{"Name":"web"}') => {
      const { text } = await send(node.httpPort, method, `${path}?token=${TOKEN}`, { headers, body });
      expect(told(text), `${method} ${path}`).to.deep.equal([]);
    };
    await ask('PUT', '/v1/agent/service/register');
    await ask('PUT', '/v1/agent/check/pass/none');
    await ask('POST', '/api/v1/renewals');
    await eventually(() => /Eureka|peer/i.test(node.log()), 'the peer that is not there is told of');
    for (const path of PAGES) await ask('GET', path, '');
    await redis.stop();
    await ask('PUT', '/v1/kv/key');
    await eventually(() => /"level":[45]0/.test(node.log()), 'the outage is in the log');
    for (const path of PAGES) await ask('GET', path, '');
    await node.stop();
    expect(told(node.log() + node.readyLine)).to.deep.equal([]);
  });

  it('are in no message of a start that fails', async () => {
    const failures = await Promise.allSettled([
      startRollcall({ REDIS_URL: `redis://:${REDIS}@127.0.0.1:port/x` }),
      startRollcall({ REDIS_URL: `http://:${REDIS}@127.0.0.1:1` }),
      startRollcall({ EUREKA_REPLICATE_TO: `ftp://user:${PEER}@127.0.0.1` }),
    ]);
    for (const failure of failures) {
      const text = failure.status === 'rejected' ? String(failure.reason) : 'it started';
      expect(text).to.contain('ended with');
      expect(told(text)).to.deep.equal([]);
    }
  });
});
