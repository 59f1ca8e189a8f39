-- renew: push the deadlines of existing leases to now + ttl on the lease clock, never backwards.
-- KEYS: 1 meta, 4 leases
-- ARGV: 1 line, 2.. runs of leases with one time to live: ttl in ms, how many, their names
-- Returns: one 1 or 0 per lease: whether it exists
-- Errors: EPOCH, READONLY
-- Why: a heartbeat must not bring back a lease that was revoked (XX), nor may a late one shorten it (GT).

local meta, refused = fence(ARGV[1])
if refused then return refused end
local now = lease_clock(meta, now_ms())
local leases, pairs_to_add = {}, {}
local at = 2
while at <= #ARGV do
  local due, last = decimal(now + tonumber(ARGV[at])), at + 1 + tonumber(ARGV[at + 1])
  for i = at + 2, last do
    leases[#leases + 1] = ARGV[i]
    pairs_to_add[#pairs_to_add + 1] = due
    pairs_to_add[#pairs_to_add + 1] = ARGV[i]
  end
  at = last + 1
end
local exists = redis.call('ZMSCORE', LEASES, unpack(leases))
redis.call('ZADD', LEASES, 'XX', 'GT', unpack(pairs_to_add))
for i = 1, #exists do exists[i] = exists[i] and 1 or 0 end
return exists
