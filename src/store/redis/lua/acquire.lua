-- acquire: take a place in the first bin that has room, or renew a lease that is held.
-- KEYS: 1 meta, 5 ends, 6 places, 7 loads
-- ARGV: 1 line, 2 pool, 3 lease, 4 ttl in ms, 5 bin whose lease is given up ('' for none), 6 most leases of a pool,
--       7 divisor, 8.. pairs of bin and share
-- Returns: {'acquired', bin, load, pool's load, cap}, {'renewed', bin, load, pool's load} or {'full', pool's load}
-- Errors: EPOCH, READONLY, TRYAGAIN (more leases are due than one call may end), and whatever refuses a write
-- Why: a load that is read in one step and raised in another is exceeded by whoever comes in between. What is due is
--      ended first, since it would count towards the caps.

local meta, refused = fence(ARGV[1])
if refused then return refused end
if not free_due(meta.clock) then return redis.error_reply('TRYAGAIN many leases have just run out') end
local deadline = decimal(lease_clock(meta, now_ms()) + tonumber(ARGV[4]))
local pool = ARGV[2] .. '\0'
local lease = pool .. ARGV[3]

local place = redis.call('HGET', PLACES, lease)
if place and place ~= pool .. ARGV[5] then
  redis.call('ZADD', ENDS, 'XX', 'GT', deadline, lease)
  local loads = redis.call('HMGET', LOADS, place, pool)
  return { 'renewed', string.sub(place, #pool + 1), loads[1], loads[2] }
end
if place then free({ lease }) end

local load = tonumber(redis.call('HGET', LOADS, pool) or 0)
local places = {}
for i = 8, #ARGV, 2 do places[#places + 1] = pool .. ARGV[i] end
if #places == 0 or load >= tonumber(ARGV[6]) then return { 'full', load } end

local loads = redis.call('HMGET', LOADS, unpack(places))
for i, taken in ipairs(places) do
  local cap = math.ceil(tonumber(ARGV[7 + 2 * i]) * (load + 1) / tonumber(ARGV[7]))
  if tonumber(loads[i] or 0) < cap then
    redis.call('ZADD', ENDS, deadline, lease)
    redis.call('HSET', PLACES, lease, taken)
    redis.call('HINCRBY', LOADS, '', 1)
    local pool_load = redis.call('HINCRBY', LOADS, pool, 1)
    return { 'acquired', ARGV[6 + 2 * i], redis.call('HINCRBY', LOADS, taken, 1), pool_load, cap }
  end
end
return { 'full', load }
