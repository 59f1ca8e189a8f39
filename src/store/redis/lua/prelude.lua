-- prelude: what every script shares; put in front of each one when it is loaded, never called by itself.
-- KEYS: 1 meta (hash), 2 log (stream), 3 topics (hash: topic -> revision), 4 leases (zset: lease -> deadline),
--       5 ends (zset: pool NUL lease -> deadline), 6 places (hash: pool NUL lease -> pool NUL bin), 7 loads (hash:
--       pool NUL bin, pool NUL and '' -> leases there), 8.. one hash per table (key -> "<create> <modify>\n" .. value);
--       every script is given all of them
-- ARGV: see each script; the constants CLAMP_MS, EPOCH_SPAN and FORMAT are defined above this text
-- Returns: nothing
-- Errors: EPOCH (the caller has not adopted what this server holds), READONLY (this server is a replica)
-- Why: Redis can fail over, restart or be emptied. meta.rid is the replication id the epoch was opened on and
--      meta.line names that opening; where either differs, what the caller has seen may not be what is here.

local META, LOG, TOPICS, LEASES = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local ENDS, PLACES, LOADS = KEYS[5], KEYS[6], KEYS[7]
local BEFORE_TABLES = 7
local FREED_PER_CALL = 1000

-- Lua would write large numbers as 4.294967297e+09.
local function decimal(number)
  return string.format('%.0f', number)
end

local function now_ms()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

local function read_meta()
  local f = redis.call('HMGET', META, 'format', 'rid', 'line', 'revision', 'first', 'previous',
    'clock', 'wall', 'resumed', 'sweeper', 'compacted')
  return {
    format = f[1], rid = f[2], line = f[3],
    revision = tonumber(f[4]), first = tonumber(f[5]), previous = tonumber(f[6]),
    clock = tonumber(f[7]) or 0, wall = tonumber(f[8]), resumed = tonumber(f[9]) or 0, sweeper = f[10],
    compacted = tonumber(f[11]) or 0,
  }
end

-- The replication id of this server, or an error reply where it is no primary. Where INFO is forbidden it is UNKNOWN:
-- the caller then opens an epoch whenever it has reconnected.
local UNKNOWN = 'unknown'
local function replication_id()
  local info = redis.pcall('INFO', 'replication')
  if type(info) ~= 'string' then
    -- Deletes nothing, and a replica refuses it.
    redis.call('HDEL', META, '')
    return UNKNOWN
  end
  if not string.find(info, 'role:master', 1, true) then
    return nil, redis.error_reply('READONLY this server is a replica')
  end
  return string.match(info, 'master_replid:(%x+)')
end

-- The meta of the line the caller adopted, or an error reply.
local function fence(line)
  local rid, refused = replication_id()
  if refused then return nil, refused end
  local meta = read_meta()
  if (meta.rid ~= rid and rid ~= UNKNOWN) or meta.line ~= line then
    return nil, redis.error_reply('EPOCH the store belongs to another epoch')
  end
  return meta
end

-- The lease clock as a sweep at this moment would set it; stands still until the first sweep.
local function lease_clock(meta, now)
  if not meta.wall then return meta.clock end
  return meta.clock + math.max(0, math.min(now - meta.wall, CLAMP_MS))
end

-- redis.call in slices, because Lua's stack cannot hold a long argument list; even, to keep pairs together.
local function call_sliced(command, key, arguments)
  for i = 1, #arguments, 1000 do
    redis.call(command, key, unpack(arguments, i, math.min(i + 999, #arguments)))
  end
end

local function pool_of(name)
  return string.sub(name, 1, string.find(name, '%z'))
end

local function count_off(load)
  if redis.call('HINCRBY', LOADS, load, -1) <= 0 then redis.call('HDEL', LOADS, load) end
end

-- Ends leases of bins, at most FREED_PER_CALL; says how many there were.
local function free(leases)
  if #leases == 0 then return 0 end
  local places, freed = redis.call('HMGET', PLACES, unpack(leases)), 0
  -- These two may not be refused for want of memory, and what follows a script's first write is not either.
  redis.call('HDEL', PLACES, unpack(leases))
  redis.call('ZREM', ENDS, unpack(leases))
  for _, place in ipairs(places) do
    if place then
      count_off(place)
      count_off(pool_of(place))
      count_off('')
      freed = freed + 1
    end
  end
  return freed
end

-- Ends the leases of bins whose deadline the clock has passed; false where some are left.
local function free_due(clock)
  local count = redis.call('ZCARD', ENDS)
  if count ~= redis.call('HLEN', PLACES) or count ~= tonumber(redis.call('HGET', LOADS, '') or 0) then
    -- Part of it was deleted by hand or evicted: a count that nobody can trust is worse than none.
    redis.call('DEL', ENDS, PLACES, LOADS)
  end
  local due = redis.call('ZRANGEBYSCORE', ENDS, '-inf', decimal(clock), 'LIMIT', 0, FREED_PER_CALL)
  free(due)
  return #due < FREED_PER_CALL
end
