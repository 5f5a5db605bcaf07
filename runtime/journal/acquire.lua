-- Become a shard's owner under a higher epoch.
--
-- KEYS  shard journal snapshot ended index due open
-- ARGV  1 epoch  2 owner  3 coordinator's epoch
-- Answers { 1, epoch, position, recovery, owner, coordinator } or, refused, { 0, epoch, position, owner, coordinator }.

local state = redis.call('HMGET', KEYS[1], 'epoch', 'position', 'recovery', 'owner', 'coordinator')
local epoch = tonumber(state[1] or '0')
local position = tonumber(state[2] or '0')
local recovery = tonumber(state[3] or '0')
local owner = state[4] or ''
local coordinator = tonumber(state[5] or '0')
local asked = tonumber(ARGV[1])

if asked == epoch and owner == ARGV[2] then
  return { 1, epoch, position, recovery, owner, coordinator }
end
if asked <= epoch or tonumber(ARGV[3]) < coordinator then
  return { 0, epoch, position, owner, coordinator }
end

-- The commit relies on these types: proven here, once per owner, and not in every commit.
local types = { 'hash', 'stream', 'hash', 'hash', 'zset', 'zset', 'set' }
for number, key in ipairs(KEYS) do
  local found = redis.call('TYPE', key)['ok']
  if found ~= 'none' and found ~= types[number] then
    return redis.error_reply('DAMAGED ' .. key .. ' is a ' .. found .. ', not a ' .. types[number])
  end
end
local last = '0-0'
if redis.call('EXISTS', KEYS[2]) == 1 then
  local about = redis.call('XINFO', 'STREAM', KEYS[2])
  for number = 1, #about, 2 do
    if about[number] == 'last-generated-id' then
      last = about[number + 1]
    end
  end
end
if last ~= string.format('%.0f-0', position) then
  return redis.error_reply('DAMAGED ' .. KEYS[2] .. ' ends at ' .. last .. ', but ' .. KEYS[1] .. ' stands at '
    .. string.format('%.0f', position))
end

redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'owner', ARGV[2], 'coordinator', ARGV[3])
return { 1, asked, position, recovery, ARGV[2], tonumber(ARGV[3]) }
