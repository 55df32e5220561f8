"""Users' event streams and all other keys of Redis."""

import json
from collections.abc import Iterable, Mapping
from typing import cast

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from support.oracles.canary import Sighting, markers_in
from support.platform.dialect import Dialect, StreamControl
from support.platform.story import Event
from support.platform.target import Ownership

OURS = "acceptance"
"""The name that the suite's own connections have in the list of a Redis's clients."""

# One look at all of Redis: new entries of the streams (of wanted users all of them, of others those with a marker),
# other keys that hold a marker, and keys that never expire. A stream that was begun anew has another epoch and is read
# from its start.
_LOOK = """
local seen, wanted = cjson.decode(ARGV[1]), cjson.decode(ARGV[2])
local streams, epochs, counters, lasting = ARGV[3], ARGV[4], cjson.decode(ARGV[5]), cjson.decode(ARGV[6])
local entries, ends, others, endless = {}, {}, {}, {}
local function values(key)
  local kind = redis.call('TYPE', key)['ok']
  if kind == 'string' then return {redis.call('GET', key)} end
  if kind == 'hash' then return redis.call('HGETALL', key) end
  if kind == 'list' then return redis.call('LRANGE', key, 0, -1) end
  if kind == 'set' then return redis.call('SMEMBERS', key) end
  if kind == 'zset' then return redis.call('ZRANGE', key, 0, -1) end
  if kind == 'stream' then
    local found = {}
    for _, entry in ipairs(redis.call('XRANGE', key, '-', '+')) do
      for _, value in ipairs(entry[2]) do found[#found + 1] = value end
    end
    return found
  end
  return {}
end
local function begins(key, prefix) return string.sub(key, 1, #prefix) == prefix end
local function is_of(key, prefixes)
  for _, prefix in ipairs(prefixes) do if begins(key, prefix) then return true end end
  return false
end
local cursor = '0'
repeat
  local page = redis.call('SCAN', cursor, 'COUNT', 1000)
  cursor = page[1]
  for _, key in ipairs(page[2]) do
    if redis.call('PTTL', key) == -1 and not is_of(key, lasting) then endless[#endless + 1] = key end
    if string.find(key, 'canary-', 1, true) then others[#others + 1] = {key, key} end
    if streams ~= '' and begins(key, streams) then
      local user = string.sub(key, #streams + 1)
      local epoch = redis.call('HGET', epochs .. user, 'epoch') or ''
      local from = seen[key]
      local begin = '-'
      if from and from[1] == epoch then begin = '(' .. from[2] end
      local last = nil
      for _, entry in ipairs(redis.call('XRANGE', key, begin, '+')) do
        last = entry[1]
        if wanted[user] or string.find(entry[2][2], 'canary-', 1, true) then
          entries[#entries + 1] = {user, entry[2][2]}
        end
      end
      if last then ends[#ends + 1] = {key, epoch, last} end
    elseif not is_of(key, counters) then
      for _, value in ipairs(values(key)) do
        if string.find(value, 'canary-', 1, true) then others[#others + 1] = {key, value} end
      end
    end
  end
until cursor == '0'
return {entries, ends, others, endless}
"""


class RedisEyes:
    """Users' event streams and all other keys."""

    def __init__(self, url: str, dialect: Dialect, ownership: Ownership) -> None:
        self._redis = redis.Redis.from_url(
            url, decode_responses=True, retry=Retry(NoBackoff(), 1), socket_timeout=10, client_name=OURS
        )
        self._dialect = dialect
        self._streams = ownership.event_streams
        counters, lasting = (json.dumps(list(prefixes)) for prefixes in (ownership.counters, ownership.lasting))
        self._names = (ownership.event_streams, ownership.epochs, counters, lasting)
        self._endless: frozenset[str] = frozenset()
        self._seen: dict[str, tuple[str, str]] = {}
        self._runs: dict[str, str] = {}

    def know(self, runs: Mapping[str, str]) -> None:
        """Whose runs there are: run id -> tenant id; they may be part of a key's name."""
        self._runs |= runs

    def look(
        self, present: Iterable[str], everybody: Mapping[str, str]
    ) -> tuple[list[Sighting], list[Event], list[str]]:
        """Markers seen, the new events of the users who are present, and the new keys that will never expire.

        :param everybody: user id -> tenant id, of all users of this run.
        """
        wanted = dict.fromkeys(present, True)
        answer = self._redis.eval(_LOOK, 0, json.dumps(self._seen), json.dumps(wanted), *self._names)
        entries, ends, others, endless = cast(
            "tuple[list[list[str]], list[list[str]], list[list[str]], list[str]]", answer
        )
        sightings = [
            Sighting(f"the event stream of user {user}", everybody.get(user), markers_in(text))
            for user, text in entries
            if "canary-" in text
        ]
        sightings += [
            Sighting(f"the Redis key {key}", _tenant_in(key, everybody, self._runs), markers_in(value))
            for key, value in others
        ]
        self._seen |= {key: (epoch, last) for key, epoch, last in ends}
        events = [event for user, text in entries if user in wanted for event in self._event(text)]
        before, self._endless = self._endless, frozenset(endless)
        return sightings, events, sorted(self._endless - before)

    def whole(self, users: Iterable[str]) -> list[Event]:
        """Everything in the streams of users, from their start."""
        with self._redis.pipeline(transaction=False) as pipe:
            for user in users:
                pipe.xrange(f"{self._streams}{user}")
            return [
                event for entries in pipe.execute() for _, entry in entries for event in self._event(entry["event"])
            ]

    def _event(self, text: str) -> list[Event]:
        return [each for each in self._dialect.decode(text) if not isinstance(each, StreamControl)]

    def close(self) -> None:
        """Let go of the connection."""
        self._redis.close()


def _tenant_in(key: str, everybody: Mapping[str, str], runs: Mapping[str, str]) -> str | None:
    """Whose key it is: the tenant whose id, or the id of one of whose users or runs, is part of its name."""
    parts = set(key.replace("{", ":").replace("}", ":").split(":"))
    if owner := next((runs[part] for part in parts if part in runs), None):
        return owner
    return next((tenant for user, tenant in everybody.items() if user in parts or tenant in parts), None)
