-- Publish a catalog version, whole or not at all, and make it the current one.
--
-- KEYS  state digests contents log
-- ARGV  1 version  2 digest  3 content  4 record of the publication  5 '1': only if the version is new
-- Answers { 1, number of publications, 1 if this was one } or, for a version known with other content, { 0, its digest }.

local known = redis.call('HGET', KEYS[2], ARGV[1])
if known and known ~= ARGV[2] then
  return { 0, known }
end
local state = redis.call('HMGET', KEYS[1], 'current', 'number')
if known and (ARGV[5] == '1' or state[1] == ARGV[1]) then
  return { 1, tonumber(state[2]), 0 }
end

-- All checks come before the first write: a function does not roll back.
local types = { 'hash', 'hash', 'hash', 'list' }
for number, key in ipairs(KEYS) do
  local found = redis.call('TYPE', key)['ok']
  if found ~= 'none' and found ~= types[number] then
    return redis.error_reply('DAMAGED ' .. key .. ' is a ' .. found .. ', not a ' .. types[number])
  end
end

if not known then
  redis.call('HSET', KEYS[3], ARGV[1], ARGV[3])
  redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
end
local number = redis.call('RPUSH', KEYS[4], ARGV[4])
redis.call('HSET', KEYS[1], 'current', ARGV[1], 'number', string.format('%.0f', number))
return { 1, number, 1 }
