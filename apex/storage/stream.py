"""Each user's live events: a Redis stream with a sequence number, announced by publish/subscribe.

Keys: ``events:{user_id}`` the stream (entry id ``<sequence>-0``, field ``event`` the envelope as JSON text);
``stream:{user_id}`` a hash with ``epoch``, ``generation`` and ``sequence``; ``run:{run_id}`` a hash with the run's
``sequence``, the latest ``timestamp`` told, how many events its worker has ``told``, which calls are ``over`` and
whether it ``ended``; ``presence`` a sorted
set of connected users by the time they were last seen.
The channel ``events:{user_id}`` carries ``<epoch>:<sequence>:<envelope>``. A lost Redis begins with a new epoch.
"""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from apex.storage.fitting import fitting
from apex.storage.redis_address import RedisAddress, connecting

PRESENCE = "presence"
LINE_ERRORS = (RedisError, OSError, RuntimeError)
"""What comes of a line to Redis that breaks under asyncio: the event loop has a RuntimeError for a line that was
reset, and the client hands it on as it is."""
PATIENCE_SECONDS = 2.0
"""How long a service that customers wait for waits for Redis: a line may be up and carry nothing."""
_AT_WORK_PATIENCE_SECONDS = 5.0
"""The same where nobody waits for an answer, and a run would fail."""
_LINES = 32
_RUN_MEMORY_SECONDS = 24 * 3600
# uvloop says RuntimeError of a transport that the other side has closed, and the client does not take it for its own.
# One that has not answered in time is no broken line: asked once more, it would only be waited for twice as long.
_LINE_BROKEN: Any = (redis.ConnectionError, RuntimeError)
STREAM_MEMORY_SECONDS = 30 * 24 * 3600
"""A user of whom nothing is heard for so long begins with a new epoch, which a returning client is told of."""

# Numbers, stores and announces in one step, so that concurrent senders cannot interleave.
# An event after the run's end is dropped (a worker that was taken for dead may wake up), and so is what a tool says
# of a call that has ended; a delivery with an id happens once, and so does what the run's worker has counted. Several
# services tell one run's story, each by its own clock: what is told later never happened earlier.
_PUBLISH = """
local stream, meta, run, delivered = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local event, window, epoch, floor, ending = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]
local memory, retention = ARGV[6], ARGV[7]
local timestamp, call, ending_call, number = ARGV[8], ARGV[9], ARGV[10], tonumber(ARGV[11])
-- What is no stream is found before anything is written: nothing takes back what a script has written when it fails.
redis.call('XLEN', stream)
redis.call('HLEN', meta)
if run ~= '' then redis.call('HLEN', run) end
if delivered ~= '' then
  if not redis.call('SET', delivered, '1', 'NX', 'EX', memory) then return 0 end
end
local run_sequence = 'null'
if run ~= '' then
  if redis.call('HEXISTS', run, 'ended') == 1 then return 0 end
  if call ~= '' and ending_call == '0' and redis.call('HEXISTS', run, 'over:' .. call) == 1 then return 0 end
  if number > 0 then
    if tonumber(redis.call('HGET', run, 'told') or 0) >= number then
      return tonumber(redis.call('HGET', run, 'sequence'))
    end
    redis.call('HSET', run, 'told', number)
  end
  run_sequence = redis.call('HINCRBY', run, 'sequence', 1)
  if run_sequence <= floor then
    run_sequence = floor + 1
    redis.call('HSET', run, 'sequence', run_sequence)
  end
  if ending == '1' then redis.call('HSET', run, 'ended', 1) end
  if ending_call == '1' then redis.call('HSET', run, 'over:' .. call, 1) end
  local latest = redis.call('HGET', run, 'timestamp')
  if latest and latest > timestamp then timestamp = latest end
  redis.call('HSET', run, 'timestamp', timestamp)
  redis.call('EXPIRE', run, memory)
end
redis.call('HSETNX', meta, 'epoch', epoch)
epoch = redis.call('HGET', meta, 'epoch')
local sequence = redis.call('HINCRBY', meta, 'sequence', 1)
local envelope = '{"sequence":' .. sequence .. ',"run_sequence":' .. run_sequence .. ',"timestamp":"' .. timestamp
  .. '",' .. string.sub(event, 2)
redis.call('XADD', stream, 'MAXLEN', window, sequence .. '-0', 'event', envelope)
redis.call('EXPIRE', stream, retention)
redis.call('EXPIRE', meta, retention)
redis.call('PUBLISH', stream, epoch .. ':' .. sequence .. ':' .. envelope)
return run_sequence == 'null' and sequence or run_sequence
"""


@dataclass
class Event:
    """One event before it is numbered. ``run_sequence_floor``: the run's numbers known to be taken (0: unknown);
    ``number``: the how manieth of the run's worker it is, who may say it again (0: it is said once).
    """

    type: str
    user_id: str
    payload: dict[str, Any]
    trace_id: str
    request_id: str
    run_id: str | None = None
    thread_id: str | None = None
    agent_name: str | None = None
    timestamp: str = field(default_factory=lambda: rfc3339(datetime.now(UTC)))
    run_sequence_floor: int = 0
    ends_run: bool = False
    number: int = 0

    def envelope(self) -> str:
        """The envelope as JSON text, without what publishing adds: the numbers and the time."""
        return json.dumps(
            {
                "type": self.type,
                "run_id": self.run_id,
                "thread_id": self.thread_id,
                "agent_name": self.agent_name,
                "payload": fitting(self.payload, self.run_id),
                "trace": {"trace_id": self.trace_id, "request_id": self.request_id, "user_id": self.user_id},
            },
            ensure_ascii=False,
        )


def rfc3339(moment: datetime) -> str:
    """The moment in UTC with microseconds, as every timestamp of the platform is written."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class EventStream:
    """Publishes events; safe to share between threads.

    Nothing is sent twice by itself: a connection lost after the command would make an event appear twice.
    """

    def __init__(self, address: RedisAddress, window: int, patience_seconds: float = _AT_WORK_PATIENCE_SECONDS) -> None:
        self.redis = synchronous(address, patience_seconds)
        self._window = window
        self._publish = self.redis.register_script(_PUBLISH)

    def publish(self, event: Event, delivery_id: str = "") -> int:
        """Append ``event`` to its user's stream; returns its number in the run (in the stream, without a run).

        A ``delivery_id`` that was published before, and an event of a run or call that has ended, return 0 and change
        nothing; one that the run's worker has told already returns the latest number.
        """
        keys = [
            f"events:{event.user_id}",
            f"stream:{event.user_id}",
            f"run:{event.run_id}" if event.run_id else "",
            f"delivered:{delivery_id}" if delivery_id else "",
        ]
        number: int = self._publish(
            keys=keys,
            args=[
                event.envelope(),
                self._window,
                uuid.uuid4().hex[:12],
                event.run_sequence_floor,
                "1" if event.ends_run else "0",
                _RUN_MEMORY_SECONDS,
                STREAM_MEMORY_SECONDS,
                event.timestamp,
                event.payload.get("call_id", ""),
                "1" if event.type == "tool_completed" else "0",
                event.number,
            ],
        )
        return number

    def connected_users(self, within_seconds: float) -> list[str]:
        """The users seen connected within the last ``within_seconds``."""
        # The client decodes: its type does not say so.
        return cast(list[str], self.redis.zrangebyscore(PRESENCE, time.time() - within_seconds, "+inf"))


def over_broken_lines(retries: int) -> AsyncRetry:
    """How often a command under asyncio is repeated when its line breaks.

    A line of the pool that was reset while idle is only noticed when it is used: commands that may be repeated need
    one retry. A subscription must have none: what it missed while it was renewed would go unnoticed.
    """
    return AsyncRetry(NoBackoff(), retries, _LINE_BROKEN)


def synchronous(address: RedisAddress, patience_seconds: float = PATIENCE_SECONDS) -> redis.Redis:
    """A client that repeats nothing, and waits for an answer as long as the patience, to be shared between threads."""
    return redis.Redis.from_url(
        **connecting(address),
        decode_responses=True,
        retry=Retry(NoBackoff(), 0),
        socket_timeout=patience_seconds,
        socket_connect_timeout=PATIENCE_SECONDS,
    )


def asynchronous(address: RedisAddress, retries: int) -> redis.asyncio.Redis:
    """A client for asyncio that repeats a command so often when its line breaks.

    No command waits longer for its answer than the client's patience; listening to a subscription has no such limit.
    When more commands come at once than there are lines for, they take turns.
    """
    pool = redis.asyncio.BlockingConnectionPool.from_url(
        **connecting(address),
        max_connections=_LINES,
        timeout=PATIENCE_SECONDS,
        decode_responses=True,
        retry=over_broken_lines(retries),
        socket_timeout=PATIENCE_SECONDS,
        socket_connect_timeout=PATIENCE_SECONDS,
    )
    return redis.asyncio.Redis.from_pool(pool)
