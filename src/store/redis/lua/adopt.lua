-- adopt: make sure that this server continues the history the caller has seen; else open the next epoch.
-- KEYS: 1 meta, 2 log
-- ARGV: 1 highest revision the caller has witnessed, 2 the line it adopted last ('' when none), 3 '1' where it has
--       reconnected since and could not tell one server from another
-- Returns: {revision, opened 0|1, lost, fresh 0|1, line, fenced 0|1}
-- Errors: READONLY, FORMAT (written by another version of the layout)
-- Why: revisions must never go back, whatever was lost; the witness is what makes a loss visible. Whoever calls
--      first opens the epoch and the rest find it open. A replication id also changes on a harmless restart:
--      then nothing is lost and the price is one snapshot per follower.

local rid, refused = replication_id()
if refused then return refused end
local witnessed, line = tonumber(ARGV[1]), ARGV[2]
local meta = read_meta()
if meta.format and meta.format ~= FORMAT then
  return redis.error_reply('FORMAT the store has layout ' .. meta.format .. ', this node knows ' .. FORMAT)
end

local function open(first, previous, lost, fresh)
  local time = redis.call('TIME')
  local opened = decimal(first) .. '@' .. time[1] .. '.' .. time[2]
  redis.call('HSET', META, 'format', FORMAT, 'rid', rid, 'line', opened, 'revision', decimal(first),
    'first', decimal(first), 'previous', decimal(previous), 'clock', decimal(meta.clock),
    'resumed', decimal(meta.clock))
  return { decimal(first), 1, decimal(lost), fresh and 1 or 0, opened, rid == UNKNOWN and 0 or 1 }
end

-- Without a meta the log may still be there (evicted, deleted by hand): its last id is then the revision.
local logged = 0
if redis.call('EXISTS', LOG) == 1 then
  local info = redis.call('XINFO', 'STREAM', LOG)
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then logged = tonumber(string.match(info[i + 1], '^%d+')) end
  end
end
local fresh = not meta.revision and logged == 0
if fresh and witnessed == 0 then return open(0, 0, 0, true) end

local stored = math.max(meta.revision or 0, logged)
local epoch, witnessed_epoch = math.floor(stored / EPOCH_SPAN), math.floor(witnessed / EPOCH_SPAN)
-- A witness of this very epoch who knows it under another name saw a history that was wiped and begun again.
local forked = meta.line and line ~= '' and line ~= meta.line and witnessed > 0 and witnessed >= meta.first
local same
if rid == UNKNOWN then same = ARGV[3] ~= '1' else same = meta.rid == rid end
if same and stored == meta.revision and stored >= witnessed and not forked then
  return { decimal(stored), 0, '0', 0, meta.line, rid == UNKNOWN and 0 or 1 }
end

-- Across epochs only the witness's own one can be counted: a lower bound.
local lost = 0
if witnessed > stored or forked then
  lost = (witnessed_epoch == epoch and not forked) and witnessed - stored or witnessed % EPOCH_SPAN
end
local first = (math.max(epoch, witnessed_epoch) + 1) * EPOCH_SPAN + 1
-- The step that can fail comes first.
redis.call('XADD', LOG, decimal(first) .. '-0', 'v', FORMAT, 'p', decimal(stored), 'e', decimal(math.floor(first / EPOCH_SPAN)))
return open(first, stored, lost, fresh)
