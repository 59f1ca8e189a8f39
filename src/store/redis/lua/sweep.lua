-- sweep: advance the lease clock, list the leases whose deadline has passed, oldest first, and end those of bins.
-- KEYS: 1 meta, 4 leases, 5 ends, 6 places, 7 loads
-- ARGV: 1 line, 2 who sweeps, 3 most leases to list
-- Returns: {leader 0|1, clock in ms, clock at the last resumption, lease...}
-- Errors: EPOCH, READONLY
-- Why: the clock moves only while this server and a sweeper live, so their downtime, a failover and a jump of
--      the wall clock expire nobody. One sweeper leads; another takes over when it has been silent too long. All of
--      them move the clock, so a change of the leader is no outage while any other node lives.

local meta, refused = fence(ARGV[1])
if refused then return refused end
local now = now_ms()
local gap = meta.wall and now - meta.wall or 0
local outage = math.abs(gap) > CLAMP_MS or gap < 0
local clock = lease_clock(meta, now)
local resumed = outage and clock or meta.resumed
redis.call('HSET', META, 'clock', decimal(clock), 'wall', decimal(now), 'resumed', decimal(resumed))

local swept = tonumber(redis.call('HGET', META, 'swept'))
if swept and meta.sweeper ~= ARGV[2] and math.abs(now - swept) <= CLAMP_MS then
  return { 0, decimal(clock), decimal(resumed) }
end
redis.call('HSET', META, 'sweeper', ARGV[2], 'swept', decimal(now))
free_due(clock)
local due = redis.call('ZRANGEBYSCORE', LEASES, '-inf', decimal(clock), 'LIMIT', 0, ARGV[3])
return { 1, decimal(clock), decimal(resumed), unpack(due) }
