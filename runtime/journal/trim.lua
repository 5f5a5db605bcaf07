-- Drop frames that stand in the archive from the stream.
--
-- KEYS  shard journal
-- ARGV  1 epoch  2 position up to which the archive has the frames
-- Answers how many frames went, or { epoch, position } (fenced). Never trims past the recovery position.

local state = redis.call('HMGET', KEYS[1], 'epoch', 'position', 'recovery')
if tonumber(state[1] or '0') ~= tonumber(ARGV[1]) then
  return { tonumber(state[1] or '0'), tonumber(state[2] or '0') }
end
local up_to = math.min(tonumber(ARGV[2]), tonumber(state[3] or '0'))
return redis.call('XTRIM', KEYS[2], 'MINID', '=', string.format('%.0f-0', up_to + 1))
