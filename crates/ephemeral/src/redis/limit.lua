-- The generic cell rate algorithm. KEYS[1] holds when all that was asked for will have been made up for, in microseconds.
-- ARGV: the window, and the time that one request takes up, in microseconds. Answers whether the request passes, and how much
-- is still to be made up for.
local window, interval = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local before = math.max(tonumber(redis.call('GET', KEYS[1]) or 0) or 0, now)
-- The clock may have been set back since.
if before - now > window then before = now + window end
local after = before + interval
if after - now > window then return {0, before - now} end
redis.call('SET', KEYS[1], string.format('%.0f', after), 'PX', math.ceil((after - now) / 1000) + 1)
return {1, after - now}
