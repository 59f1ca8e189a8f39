-- commit: apply a group of transactions in order, each of them whole or not at all.
-- KEYS: 1 meta, 2 log, 3 topics, 4 leases, 8.. tables
-- ARGV: 1 line, 2 commits to keep in the log, then the guard and the frame of each transaction (see frame.ts)
-- Returns: {revision before the group, per transaction 0 when applied or else the number of the first compare
--          that did not hold}
-- Errors: EPOCH, READONLY, and whatever refuses a write (NOREPLICAS, MISCONF, OOM); nothing is applied then
-- Why: a script that fails halfway keeps what it wrote. So everything is parsed, judged and gathered first, a
--      later transaction seeing the earlier ones' effects in `modified`, `touched` and `deadlines`; then comes the one
--      write that can fail (XADD, which also makes the whole group visible as one entry), then the rest.

local meta, refused = fence(ARGV[1])
if refused then return refused end
local read = struct.unpack
local now = lease_clock(meta, now_ms())
local revision = meta.revision
local modified, written, touched, deadlines = {}, {}, {}, {}
for t = 1, #KEYS - BEFORE_TABLES do
  modified[t], written[t] = {}, {}
end

local function modify_revision(t, key)
  local known = modified[t][key]
  if not known then
    local stored = redis.call('HGET', KEYS[BEFORE_TABLES + t], key)
    known = stored and tonumber(string.match(stored, '^%d+ (%d+)\n')) or 0
    modified[t][key] = known
  end
  return known
end

local function topic_revision(topic)
  -- An unknown topic may have been forgotten by compaction, so it counts as touched then.
  return touched[topic] or tonumber(redis.call('HGET', TOPICS, topic)) or meta.compacted
end

local function deadline(lease)
  local known = deadlines[lease]
  if known == nil then known = tonumber(redis.call('ZSCORE', LEASES, lease)) or false end
  return known
end

local function holds(kind, t, expected, name)
  if kind == 0 then return modify_revision(t, name) == expected end
  if kind == 1 then
    -- A revision between the epochs was lost: whoever read it knows this topic in a state that never was.
    if expected > meta.previous and expected < meta.first then return false end
    return topic_revision(name) <= expected
  end
  if kind == 3 then return math.floor(meta.revision / EPOCH_SPAN) == expected end
  local due = deadline(name)
  return due and due <= meta.clock
end

-- The number of the first compare that does not hold, or 0 and where the guard goes on.
local function check(guard)
  local count, at = read('>I4', guard)
  for i = 1, count do
    local kind, t, expected, name
    kind, t, expected, name, at = read('>BBdI4c0', guard, at)
    if not holds(kind, t, expected, name) then return i end
  end
  return 0, at
end

local function apply_leases(guard, at)
  local count, ttl, lease
  count, at = read('>I4', guard, at)
  for _ = 1, count do
    ttl, lease, at = read('>dI4c0', guard, at)
    deadlines[lease] = now + ttl
  end
  count, at = read('>I4', guard, at)
  for _ = 1, count do
    lease, at = read('>I4c0', guard, at)
    deadlines[lease] = false
  end
end

local function apply_frame(frame)
  local _, count, at = read('>I4c0I4', frame)
  local t, created, key, value
  for _ = 1, count do
    t, created, key, value, at = read('>BdI4c0I4c0', frame, at)
    if created == 0 then created = revision end
    written[t][key] = string.format('%.0f %.0f\n', created, revision) .. value
    modified[t][key] = revision
  end
  count, at = read('>I4', frame, at)
  for _ = 1, count do
    t, key, at = read('>BI4c0', frame, at)
    written[t][key] = false
    modified[t][key] = 0
  end
  count, at = read('>I4', frame, at)
  for _ = 1, count do
    key, at = read('>I4c0', frame, at)
    touched[key] = revision
  end
end

local reply, entry = { decimal(revision) }, {}
for i = 3, #ARGV, 2 do
  local failed, at = check(ARGV[i])
  reply[#reply + 1] = failed
  if failed == 0 then
    revision = revision + 1
    apply_leases(ARGV[i], at)
    apply_frame(ARGV[i + 1])
    entry[#entry + 1] = 't'
    entry[#entry + 1] = ARGV[i + 1]
  end
end
if #entry == 0 then return reply end

local oldest = decimal(math.max(0, revision + 1 - tonumber(ARGV[2])))
local added = redis.pcall('XADD', LOG, 'MINID', '~', oldest, decimal(revision) .. '-0', 'v', FORMAT,
  'p', reply[1], unpack(entry))
if type(added) == 'table' then
  -- A meta that lags behind its log would refuse for ever; adopt opens an epoch above both.
  local behind = string.find(added.err, 'equal or smaller', 1, true)
  return behind and redis.error_reply('EPOCH the log is ahead of the store') or added
end
redis.call('HSET', META, 'revision', decimal(revision))
for t, records in ipairs(written) do
  local set, gone = {}, {}
  for key, value in pairs(records) do
    if value then
      set[#set + 1] = key
      set[#set + 1] = value
    else
      gone[#gone + 1] = key
    end
  end
  call_sliced('HSET', KEYS[BEFORE_TABLES + t], set)
  call_sliced('HDEL', KEYS[BEFORE_TABLES + t], gone)
end

local topics, granted, revoked = {}, {}, {}
for topic, touch in pairs(touched) do
  topics[#topics + 1] = topic
  topics[#topics + 1] = decimal(touch)
end
for lease, due in pairs(deadlines) do
  if due then
    granted[#granted + 1] = decimal(due)
    granted[#granted + 1] = lease
  else
    revoked[#revoked + 1] = lease
  end
end
call_sliced('HSET', TOPICS, topics)
call_sliced('ZADD', LEASES, granted)
call_sliced('ZREM', LEASES, revoked)
return reply
