"""Processes that find each other, and refuse to work with whom they do not agree."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from apex.config.layers import SettingsError
from apex.config.live import Configuration
from apex.runtime.discovery import Heartbeat, Registry
from apex.runtime.mesh import Mesh, instance_of, require_fit
from apex.settings import Settings
from apex.storage.stream import synchronous
from support.scenario.waiting import wait_for
from tests.apex.examples import DEPLOYMENT


@pytest.fixture
def url(addresses: dict[str, Any]) -> Iterator[str]:
    """A Redis of which nobody else uses anything."""
    own = str(addresses["redis"]["url"]).rpartition("/")[0] + "/7"
    yield own
    with redis.Redis.from_url(own) as store:
        store.flushdb()


def configured(service: str, **changes: Any) -> Configuration:
    return Configuration(service, Settings.model_validate({**DEPLOYMENT, **changes}))


def registered(url: str, service: str, configuration: Configuration) -> Heartbeat:
    registry = Registry(synchronous(url), service, configuration.settings.discovery)
    instance = instance_of(service, f"{service}-{uuid.uuid4().hex[:6]}", configuration)
    registry.register(instance)
    return Heartbeat(registry, instance)


LONG = {"heartbeat_seconds": 1, "lease_seconds": 30}


def test_who_agrees_with_everybody_may_start(url: str):
    registered(url, "auth", configured("auth", discovery=LONG))
    require_fit("backend", configured("backend"), synchronous(url))


def test_both_sides_of_a_contradiction_are_named(url: str):
    beat = registered(url, "auth", configured("auth", discovery=LONG))
    other = {**DEPLOYMENT["auth"], "issuer": "https://other.example"}
    with pytest.raises(SettingsError) as refused:
        require_fit("backend", configured("backend", auth=other), synchronous(url))
    name = beat._instance.name
    told = f"auth.issuer: is 'https://other.example' here and 'https://apex.example' at {name}"
    assert str(refused.value) == told


def test_who_has_nothing_to_do_with_a_setting_need_not_agree(url: str):
    registered(url, "worker", configured("worker", discovery=LONG, analytics={"url": "http://here.example"}))
    require_fit("tools", configured("tools", analytics={"url": "http://there.example"}), synchronous(url))
    with pytest.raises(SettingsError, match="at worker-"):
        require_fit("analytics", configured("analytics", analytics={"url": "http://there.example"}), synchronous(url))


def test_a_store_belongs_to_the_environment_that_came_first(url: str):
    require_fit("auth", configured("auth"), synchronous(url))
    with pytest.raises(SettingsError, match="belongs to the environment test, and this is development"):
        require_fit("auth", configured("auth", environment="development"), synchronous(url))
    require_fit("auth", configured("auth"), synchronous(url))


def test_without_a_store_nothing_is_refused():
    require_fit("auth", configured("auth"), synchronous("redis://127.0.0.1:1/0"))


def test_a_process_sees_who_comes_and_goes(url: str):
    configuration = configured("auth")
    own = registered(url, "auth", configuration)
    mesh = Mesh(synchronous(url), configuration.settings, own)
    mesh.start()
    try:
        other = registered(url, "tools", configured("tools", discovery=LONG))
        assert seen(mesh, "tools", 1)
        other._registry.withdraw(other._instance)
        assert seen(mesh, "tools", 0)
        assert seen(mesh, "auth", 1)
        assert mesh.goes_on()
        with redis.Redis.from_url(url, decode_responses=True) as store:
            store.flushdb()
            assert wait_for(lambda: store.get("deployment:environment"), lambda found: found == "test", 5)
    finally:
        mesh.close()
    assert Registry(synchronous(url), "auth", configuration.settings.discovery).instances() == []


def seen(mesh: Mesh, service: str, count: int) -> bool:
    return bool(wait_for(lambda: len(mesh.known[service]), lambda found: found == count, 5))
