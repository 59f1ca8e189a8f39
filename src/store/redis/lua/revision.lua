-- revision: the revision of the last applied transaction.
-- KEYS: 1 meta
-- ARGV: 1 line
-- Returns: revision
-- Errors: EPOCH, READONLY
-- Why: a read must not trust a server that lost writes; therefore fenced, though it writes nothing.

local meta, refused = fence(ARGV[1])
if refused then return refused end
return decimal(meta.revision)
