-- compact: forget the history up to a revision, and those of the given topics not touched after it.
-- KEYS: 1 meta, 2 log, 3 topics
-- ARGV: 1 line, 2 revision, 3.. topics that looked old enough
-- Returns: how many topics were dropped
-- Errors: EPOCH, READONLY
-- Why: the caller scans the topics in steps, so that Redis is never held for long; a topic touched since then
--      must stay, hence the second look here.

local meta, refused = fence(ARGV[1])
if refused then return refused end
local up_to = math.min(tonumber(ARGV[2]), meta.revision)
redis.call('HSET', META, 'compacted', decimal(math.max(up_to, meta.compacted)))
redis.call('XTRIM', LOG, 'MINID', decimal(up_to + 1))
local old = {}
if #ARGV > 2 then
  local revisions = redis.call('HMGET', TOPICS, unpack(ARGV, 3))
  for i = 1, #revisions do
    if revisions[i] and tonumber(revisions[i]) <= up_to then old[#old + 1] = ARGV[2 + i] end
  end
end
call_sliced('HDEL', TOPICS, old)
return #old
