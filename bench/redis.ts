import { redisAvailable, RedisServer } from '../test/support/redis-server.ts';

/** Runs something with a Redis of its own, `appendfsync everysec`; nothing comes back where there is none. */
export async function withRedis<T>(use: (url: string) => Promise<T[]>): Promise<T[]> {
  if (!redisAvailable()) {
    console.error('skipped: redis-server is not on the PATH');
    return [];
  }
  const redis = await RedisServer.start({ appendonly: true, appendfsync: 'everysec' });
  try {
    return await use(redis.url);
  } finally {
    await redis.stop();
  }
}
