-- barrier: the revision, proved by a write.
-- KEYS: 1 meta
-- ARGV: 1 line
-- Returns: revision
-- Errors: EPOCH, READONLY, and whatever refuses a write (NOREPLICAS, MISCONF, OOM)
-- Why: a primary that can no longer take writes must not answer a consistent read.

local meta, refused = fence(ARGV[1])
if refused then return refused end
redis.call('HSET', META, 'barrier', decimal(now_ms()))
return decimal(meta.revision)
