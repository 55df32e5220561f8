"""The mesh: which processes of the platform there are, where each is reached, and that all are configured alike."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

import redis
import structlog
from redis.exceptions import RedisError

from apex import __version__
from apex.config.effects import SERVICES
from apex.config.layers import Fault, SettingsError
from apex.config.live import Configuration
from apex.runtime.discovery import Heartbeat, Instance, Registry, new_id
from apex.settings import Listener, Settings
from apex.storage.runs import now
from apex.storage.stream import rfc3339

log = structlog.get_logger()

AGREED = ("auth.url", "auth.issuer", "auth.audience", "backend.url", "tools.url", "analytics.url")
"""What services depend on in each other: whoever owns a setting and whoever uses it must mean the same by it."""
_ENVIRONMENT = "deployment:environment"


def instance_of(service: str, name: str, configuration: Configuration) -> Instance:
    """A process of a service that starts, as the others are to find it."""
    listener: Listener = getattr(configuration.settings, service)
    url = listener.url or f"http://{listener.host}:{listener.port}"
    return Instance(new_id(), name, url, __version__, rfc3339(now()), agreed=_agreed(configuration))


def _agreed(configuration: Configuration) -> dict[str, str]:
    return {key: str(configuration.value(key)) for key in AGREED}


class Mesh(threading.Thread):
    """Keeps a process registered, and what it knows of all others up to date, until it is closed."""

    def __init__(self, store: redis.Redis, settings: Settings, heartbeat: Heartbeat) -> None:
        super().__init__(name="mesh", daemon=True)
        self._store, self._environment = store, settings.environment
        self._registries = _registries(store, settings)
        self._pause = settings.discovery.heartbeat_seconds
        self.heartbeat = heartbeat
        self.known: Mapping[str, Sequence[Instance]] = dict.fromkeys(SERVICES, ())
        """The instances of each service; those last known while Redis is away."""
        self._closed = threading.Event()

    def run(self) -> None:
        self.heartbeat.start()
        while not self._closed.is_set():
            try:
                # A Redis that has lost its data is nobody's, until somebody says whose it is.
                self._store.set(_ENVIRONMENT, self._environment, nx=True)
                self.known = {service: registry.instances() for service, registry in self._registries.items()}
            except Exception as error:
                # This thread must outlive whatever happens to it: without it no change in the mesh is seen.
                log.warning("mesh not looked up", reason=type(error).__name__)
            self._closed.wait(self._pause)

    def goes_on(self) -> bool:
        """Whether both the registration and the view are kept up to date."""
        return self.is_alive() and self.heartbeat.is_alive()

    def close(self) -> None:
        """Stop, and withdraw the process from the mesh."""
        self._closed.set()
        self.heartbeat.close()


def _registries(store: redis.Redis, settings: Settings) -> dict[str, Registry]:
    return {service: Registry(store, service, settings.discovery) for service in SERVICES}


def require_fit(service: str, configuration: Configuration, store: redis.Redis) -> None:
    """See that Redis belongs to this environment, and that the services that run mean the same by what they share.

    Of two that differ it is the one that starts later that is refused. Without Redis nothing can be known of others.

    Raises:
        SettingsError: naming both sides.
    """
    settings = configuration.settings
    try:
        store.set(_ENVIRONMENT, settings.environment, nx=True)
        environment = str(store.get(_ENVIRONMENT))
        running = {name: registry.instances() for name, registry in _registries(store, settings).items()}
    except RedisError as error:
        log.warning("agreement with the other services not looked at", reason=type(error).__name__)
        return
    if environment != settings.environment:
        reason = f"this Redis belongs to the environment {environment}, and this is {settings.environment}"
        raise SettingsError([Fault("", "redis.url", reason)])
    ours = _agreed(configuration)
    faults = [
        Fault("", key, f"is '{value}' here and '{instance.agreed[key]}' at {instance.name}")
        for key, value in ours.items()
        for other, instances in running.items()
        for instance in instances
        # Only who owns a setting, and who uses it, have to agree.
        if key.partition(".")[0] in (service, other) and instance.agreed.get(key, value) != value
    ]
    if faults:
        raise SettingsError(faults)
