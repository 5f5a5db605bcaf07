-- The fenced commit of one shard: everything, or nothing.
--
-- KEYS  shard journal snapshot ended index due open (all in one slot)
-- ARGV  1 epoch  2 expected position  3 commit id  4 frame (empty: nothing is appended)
--       5 recovery position or empty  6 how many values each list has that follows, packed with msgpack; or empty
--       7 on: snapshots, ended, groups whose snapshot goes, index remove, index add, due remove, due set, open remove,
--         open add: flat, as the commands take them
-- Answers the position (committed, now or before) or { epoch, position } (fenced).
--
-- A script does not roll back: all checks come before the first write, and no write may be one that can fail. The
-- append comes first, being the only one with a condition of its own (a rising id); `acquire` has proven the types.

local state = redis.call('HMGET', KEYS[1], 'epoch', 'position', 'commit', 'recovery')
local epoch = tonumber(state[1] or '0')
local position = tonumber(state[2] or '0')
local expected = tonumber(ARGV[2])
local appends = ARGV[4] ~= ''

if epoch ~= tonumber(ARGV[1]) then
  return { epoch, position }
end
if appends and position == expected + 1 and state[3] == ARGV[3] then
  -- A repeat after a lost reply. Written once more, so that a WAITAOF behind it waits for this client's own write.
  redis.call('HSET', KEYS[1], 'commit', ARGV[3])
  return position
end
if position ~= expected then
  return { epoch, position }
end
local counts = nil
if ARGV[6] ~= '' then
  counts = cmsgpack.unpack(ARGV[6])
end

if appends then
  position = position + 1
  redis.call('XADD', KEYS[2], string.format('%.0f-0', position), 'f', ARGV[4])
  redis.call('HSET', KEYS[1], 'position', string.format('%.0f', position), 'commit', ARGV[3])
end
if ARGV[5] ~= '' then
  local recovery = math.min(tonumber(ARGV[5]), position)
  if recovery > tonumber(state[4] or '0') then
    redis.call('HSET', KEYS[1], 'recovery', string.format('%.0f', recovery))
  end
end

if counts then
  local next = 7
  local function many(command, key, count)
    local last = next + count - 1
    -- Lua's stack holds some 8,000 values; an even step keeps pairs together.
    for first = next, last, 4000 do
      redis.call(command, key, unpack(ARGV, first, math.min(first + 3999, last)))
    end
    next = last + 1
  end
  many('HSET', KEYS[3], counts[1])
  many('HSET', KEYS[4], counts[2])
  many('HDEL', KEYS[3], counts[3])
  many('ZREM', KEYS[5], counts[4])
  many('ZADD', KEYS[5], counts[5])
  many('ZREM', KEYS[6], counts[6])
  many('ZADD', KEYS[6], counts[7])
  many('SREM', KEYS[7], counts[8])
  many('SADD', KEYS[7], counts[9])
end
return position
