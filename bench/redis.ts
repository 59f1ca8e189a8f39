import { redisAvailable, RedisServer } from '../test/support/redis-server.ts';

/** Runs something with a Redis of its own that keeps a log; nothing comes back where there is none. */
export async function withRedis<T>(
  appendfsync: 'always' | 'everysec',
  use: (url: string) => Promise<T[]>,
): Promise<T[]> {
  if (!redisAvailable()) {
    console.error('left out: redis-server is not on the PATH');
    return [];
  }
  const redis = await RedisServer.start({ appendonly: true, appendfsync });
  try {
    return await use(redis.url);
  } finally {
    await redis.stop();
  }
}
