"""Which instances of a service there are: each registers itself in Redis and stays known by its heartbeat.

Keys: ``instances:{service}`` the names of the instances; ``instance:{service}:{name}`` an instance's registration as
JSON text, which expires ``lease_seconds`` after its last heartbeat; ``instances:{service}:heard`` whether anybody has
registered, and ``instances:{service}:young`` that this began less than a lease ago. A Redis that has lost its data is
young again: it cannot tell yet who is gone and who has only not been heard since.
"""

from __future__ import annotations

import itertools
import json
import threading
import uuid
from collections.abc import Collection
from dataclasses import asdict, dataclass, field

import redis
import structlog
from redis.exceptions import RedisError

from apex.settings import Discovery

log = structlog.get_logger()

_REGISTER = """
local names, registration, heard, young = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
redis.call('SADD', names, ARGV[1])
redis.call('SET', registration, ARGV[2], 'PX', ARGV[3])
if redis.call('SETNX', heard, '1') == 1 then redis.call('SET', young, '1', 'PX', ARGV[3]) end
"""

# An instance that has been started again under its name stays.
_WITHDRAW = """
if redis.call('GET', KEYS[2]) == ARGV[2] then
  redis.call('DEL', KEYS[2])
  redis.call('SREM', KEYS[1], ARGV[1])
end
"""

_LOOK = """
local names, heard, young = KEYS[1], KEYS[2], KEYS[3]
local settled = redis.call('EXISTS', heard) == 1 and redis.call('EXISTS', young) == 0
local found = {settled and '1' or '0'}
for _, name in ipairs(redis.call('SMEMBERS', names)) do
  local registration = redis.call('GET', ARGV[1] .. name)
  if registration then found[#found + 1] = registration else redis.call('SREM', names, name) end
end
return found
"""


@dataclass(frozen=True)
class Instance:
    """A running process of a service; ``id`` is of this start alone, ``name`` stays when it is started again.

    Asked at ``health_path`` it answers within ``timeout_seconds``; ``agreed`` are the settings that others depend on.
    """

    id: str
    name: str
    url: str
    version: str
    started_at: str
    health_path: str = "/health/ready"
    timeout_seconds: float = 5.0
    agreed: dict[str, str] = field(default_factory=dict)


class Registry:
    """The instances of one service. What it asks of Redis raises RedisError when Redis does not answer."""

    def __init__(self, client: redis.Redis, service: str, settings: Discovery) -> None:
        self.settings = settings
        self._names, self._prefix = f"instances:{service}", f"instance:{service}:"
        self._heard, self._young = f"{self._names}:heard", f"{self._names}:young"
        self._register = client.register_script(_REGISTER)
        self._withdraw = client.register_script(_WITHDRAW)
        self._look = client.register_script(_LOOK)

    def register(self, instance: Instance) -> None:
        """The instance is there, for another lease."""
        self._register(
            keys=[self._names, self._prefix + instance.name, self._heard, self._young],
            args=[instance.name, _text(instance), round(self.settings.lease_seconds * 1000)],
        )

    def withdraw(self, instance: Instance) -> None:
        """The instance takes no more work."""
        self._withdraw(keys=[self._names, self._prefix + instance.name], args=[instance.name, _text(instance)])

    def instances(self) -> list[Instance]:
        """Those whose lease lasts, by name."""
        return self._known()[1]

    def is_gone(self, instance_id: str) -> bool:
        """Whether it is certain that the instance of this id works no more."""
        settled, known = self._known()
        return settled and all(instance.id != instance_id for instance in known)

    def _known(self) -> tuple[bool, list[Instance]]:
        settled, *found = self._look(keys=[self._names, self._heard, self._young], args=[self._prefix])
        known = [Instance(**json.loads(registration)) for registration in found]
        return settled == "1", sorted(known, key=lambda instance: instance.name)


class Heartbeat(threading.Thread):
    """Keeps one instance registered from its start until it is closed."""

    def __init__(self, registry: Registry, instance: Instance) -> None:
        super().__init__(name="heartbeat", daemon=True)
        self._registry, self._instance = registry, instance
        self._closed = threading.Event()

    def run(self) -> None:
        while not self._closed.is_set():
            try:
                self._registry.register(self._instance)
            except Exception as error:
                # This thread must outlive whatever happens to it: without it nobody finds this instance.
                log.warning("instance not registered", reason=type(error).__name__)
            self._closed.wait(self._registry.settings.heartbeat_seconds)

    def close(self) -> None:
        """Stop, and withdraw the instance at once instead of letting its lease run out."""
        self._closed.set()
        self.join()
        try:
            self._registry.withdraw(self._instance)
        except RedisError as error:
            log.warning("instance not withdrawn", reason=type(error).__name__)


class Directory(threading.Thread):
    """What the callers of a service know of its instances; shared by the threads of a process.

    It is looked up anew with every heartbeat. While Redis is away, or has lost its data, those last known stay; where
    none has ever been known, the configured URL is all there is.
    """

    def __init__(self, registry: Registry, configured_url: str) -> None:
        super().__init__(name="directory", daemon=True)
        self._registry = registry
        self._urls = [configured_url]
        self._turns = itertools.count()
        self._closed = threading.Event()

    def pick(self, avoid: Collection[str] = ()) -> str:
        """The URL of the instance whose turn it is; one of those to avoid only where there is no other."""
        urls = self._urls
        candidates = [url for url in urls if url not in avoid] or urls
        return candidates[next(self._turns) % len(candidates)]

    def run(self) -> None:
        while not self._closed.is_set():
            try:
                found = [instance.url for instance in self._registry.instances()]
            except Exception as error:
                # This thread must outlive whatever happens to it: without it no new instance is ever found.
                log.warning("instances not looked up", reason=type(error).__name__)
            else:
                self._urls = found or self._urls
            self._closed.wait(self._registry.settings.heartbeat_seconds)

    def close(self) -> None:
        self._closed.set()


def new_id() -> str:
    """An id for an instance that starts."""
    return str(uuid.uuid4())


def _text(instance: Instance) -> str:
    return json.dumps(asdict(instance))
