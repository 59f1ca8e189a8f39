import { expect } from 'chai';
import { eventually } from '../support/eventually.ts';
import { send } from '../support/http.ts';
import { RedisServer, requireRedis } from '../support/redis-server.ts';
import {
  cleanUp,
  startRollcall,
  temporaryDirectory,
  type RollcallProcess,
} from '../support/rollcall-process.ts';

/** Writes keys one after the other until the server is gone; returns those it acknowledged. */
async function writeUntilGone(rollcall: RollcallProcess, prefix: string): Promise<string[]> {
  const acknowledged: string[] = [];
  for (let i = 0; ; i++) {
    const key = `${prefix}/${String(i)}`;
    const answer = await send(rollcall.httpPort, 'PUT', `/v1/kv/${key}`, { body: `value of ${key}` }).catch(
      () => undefined,
    );
    if (answer?.status !== 200) return acknowledged;
    acknowledged.push(key);
  }
}

async function expectKept(rollcall: RollcallProcess, keys: readonly string[]): Promise<void> {
  for (const key of keys) {
    const answer = await send(rollcall.httpPort, 'GET', `/v1/kv/${key}?raw`);
    expect(answer.text, key).to.equal(`value of ${key}`);
  }
}

async function revisionOf(rollcall: RollcallProcess): Promise<number> {
  const answer = await send(rollcall.httpPort, 'GET', '/api/v1/status');
  return (JSON.parse(answer.text) as { revision: number }).revision;
}

describe('durability of acknowledged writes', function () {
  this.timeout(60_000);
  after(cleanUp);

  it('survives kill -9 of the registry on the embedded store, again and again', async () => {
    const settings = { DATA_DIR: await temporaryDirectory() };
    const acknowledged: string[] = [];
    let lastRevision = 0;
    for (let round = 0; round < 3; round++) {
      const rollcall = await startRollcall(settings);
      expect(await revisionOf(rollcall)).to.be.at.least(lastRevision);
      const writers = [0, 1, 2, 3].map((writer) =>
        writeUntilGone(rollcall, `round-${String(round)}/${String(writer)}`),
      );
      await new Promise((resolve) => setTimeout(resolve, 300));
      lastRevision = await revisionOf(rollcall);
      await rollcall.kill();
      acknowledged.push(...(await Promise.all(writers)).flat());
    }
    expect(acknowledged.length).to.be.above(30);
    const rollcall = await startRollcall(settings);
    await expectKept(rollcall, acknowledged);
    expect(await rollcall.stop()).to.equal(0);
  });

  it('survives kill -9 of Redis with appendfsync always, and the registry goes on by itself', async function () {
    requireRedis(this);
    const redis = await RedisServer.start({ appendonly: true, appendfsync: 'always' });
    const rollcall = await startRollcall({ REDIS_URL: redis.url });
    try {
      const writers = [0, 1, 2, 3].map((writer) => writeUntilGone(rollcall, `k/${String(writer)}`));
      await new Promise((resolve) => setTimeout(resolve, 300));
      await redis.kill();
      const acknowledged = (await Promise.all(writers)).flat();
      expect(acknowledged.length).to.be.above(30);
      await redis.restart();
      await eventually(
        async () => (await send(rollcall.httpPort, 'PUT', '/v1/kv/after', { body: 'x' })).status === 200,
        'writes work again',
      );
      await expectKept(rollcall, acknowledged);
      const status = JSON.parse((await send(rollcall.httpPort, 'GET', '/api/v1/status')).text) as {
        lostRevisions: number;
      };
      expect(status.lostRevisions).to.equal(0);
    } finally {
      await rollcall.stop();
      await redis.stop();
    }
  });
});
