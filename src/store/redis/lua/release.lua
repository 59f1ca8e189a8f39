-- release: give a place in a bin back.
-- KEYS: 1 meta, 5 ends, 6 places, 7 loads
-- ARGV: 1 line, 2 pool, 3 lease
-- Returns: 1, or 0 where the lease was not held
-- Errors: EPOCH, READONLY
-- Why: a lease that is due has ended, whether or not somebody has noticed.

local meta, refused = fence(ARGV[1])
if refused then return refused end
free_due(meta.clock)
return free({ ARGV[2] .. '\0' .. ARGV[3] })
