//! What runs inside of the server: each script is one step that nobody else sees half of.
//!
//! The first key is always the epoch's, `ARGV[1]` its number as the caller knows it. A record is text:
//! `version:expires:` and then its value.

/// How a script says that the store is in another epoch than its caller believes.
pub(super) const OTHER_EPOCH: &str = "CZEPOCH";

/// Answers the epoch that the server is in, and begins one where it has none, or where it is another process than the
/// one that began it (`ARGV[1]`) and may have lost its last writes (`ARGV[2]` is not `always`). The number is
/// the time in microseconds, so that it was never used before; or `ARGV[3]`, in a server that knows of no epoch.
pub(super) const EPOCH: &str = r"
local number, server = unpack(redis.call('HMGET', KEYS[1], 'number', 'server'))
if number and (server == ARGV[1] or ARGV[2] == 'always') then
    if server ~= ARGV[1] then redis.call('HSET', KEYS[1], 'server', ARGV[1]) end
    return number
end
if number or ARGV[3] == '' then
    local now = redis.call('TIME')
    number = string.format('%d%06d', now[1], now[2])
else
    number = ARGV[3]
end
redis.call('HSET', KEYS[1], 'number', number, 'server', ARGV[1])
return number
";

/// Checks all the writes, then does them. Each has three keys, from `KEYS[2]` on: its record, and the names and the ends of
/// its kind; and six arguments, from `ARGV[3]` on: what to do, the version that is expected, the one that comes of it,
/// when it expires, the record, and its id. `ARGV[2]` is the present. Answers the number of the first write that finds
/// another state than it needs, or -1.
///
/// Versions are compared as text: they can be larger than the numbers here. The server keeps a record for longer
/// (`GRACE`) than it is good: nodes whose clocks differ a little must not see a spent value as new.
///
/// Names are in the order of their bytes, for listings; ends are in the order of time: whoever writes takes two names away
/// whose records are over, which is more than it adds.
pub(super) const COMMIT: &str = r"
if redis.call('HGET', KEYS[1], 'number') ~= ARGV[1] then return redis.error_reply('CZEPOCH it is another one') end
local now, after, count = tonumber(ARGV[2]), {}, (#KEYS - 1) / 3
for i = 1, count do
    local at, key = 6 * i - 3, KEYS[3 * i - 1]
    local what, version = ARGV[at], after[key]
    if version == nil then
        local found, expires = string.match(redis.call('GETRANGE', key, 0, 41), '^(%d+):(%-?%d+):')
        version = found and tonumber(expires) > now and found or false
    end
    if what == 'insert' then
        if version then return i - 1 end
    elseif what == 'replace' then
        if version ~= ARGV[at + 1] then return i - 1 end
    elseif not version then
        return i - 1
    end
    after[key] = what ~= 'remove' and tonumber(ARGV[at + 3]) > now and ARGV[at + 2] or false
end
local function outlast(key, seconds)
    if redis.call('TTL', key) < seconds then redis.call('EXPIRE', key, string.format('%d', seconds)) end
end
for i = 1, count do
    local at, key, names, ends = 6 * i - 3, KEYS[3 * i - 1], KEYS[3 * i], KEYS[3 * i + 1]
    local id, left = ARGV[at + 5], ARGV[at] ~= 'remove' and tonumber(ARGV[at + 3]) - now or 0
    if left > 0 then
        local kept = math.min(left + GRACE, 1e9)
        redis.call('SET', key, ARGV[at + 4], 'EX', string.format('%d', kept))
        redis.call('ZADD', names, 0, id)
        redis.call('ZADD', ends, ARGV[at + 3], id)
        outlast(names, kept)
        outlast(ends, kept)
    else
        redis.call('DEL', key)
        redis.call('ZREM', names, id)
        redis.call('ZREM', ends, id)
    end
    local over = redis.call('ZRANGEBYSCORE', ends, '-inf', ARGV[2], 'LIMIT', 0, 2)
    if #over > 0 then
        redis.call('ZREM', names, unpack(over))
        redis.call('ZREM', ends, unpack(over))
    end
end
return -1
";

/// Removes a record, whose id is `ARGV[2]`, and answers it.
pub(super) const TAKE: &str = r"
if redis.call('HGET', KEYS[1], 'number') ~= ARGV[1] then return redis.error_reply('CZEPOCH it is another one') end
local found = redis.call('GET', KEYS[2])
if found then
    redis.call('DEL', KEYS[2])
    redis.call('ZREM', KEYS[3], ARGV[2])
    redis.call('ZREM', KEYS[4], ARGV[2])
end
return found
";

/// Reads a record.
pub(super) const GET: &str = r"
if redis.call('HGET', KEYS[1], 'number') ~= ARGV[1] then return redis.error_reply('CZEPOCH it is another one') end
return redis.call('GET', KEYS[2])
";

/// Reads records with the names in `KEYS[2]`, from `ARGV[2]` on, each after its id, no more than `ARGV[3]`. What the names
/// of records begin with is `ARGV[4]`; the present is `ARGV[5]`.
pub(super) const LIST: &str = r"
if redis.call('HGET', KEYS[1], 'number') ~= ARGV[1] then return redis.error_reply('CZEPOCH it is another one') end
local from, limit, now, found = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[5]), {}
while #found < 2 * limit do
    local ids = redis.call('ZRANGEBYLEX', KEYS[2], from, '+', 'LIMIT', 0, 100)
    if #ids == 0 then break end
    for _, id in ipairs(ids) do
        local record = redis.call('GET', ARGV[4] .. id)
        local expires = record and string.match(record, '^%d+:(%-?%d+):')
        if expires and tonumber(expires) > now and #found < 2 * limit then
            found[#found + 1] = id
            found[#found + 1] = record
        end
    end
    from = '(' .. ids[#ids]
end
return found
";
