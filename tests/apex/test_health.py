"""What a service says of itself."""

import asyncio
import threading

import httpx
from pydantic import SecretStr

from apex.config.live import Configuration
from apex.runtime.service import Dependencies, Process, create_app
from apex.settings import Auth, ClickHouse, Cloud, Database, Internal, Partners, Redis, Settings, SigningKey
from apex.storage.database import Database as Stores

NOWHERE, SECRET = (
    SecretStr("postgresql://nobody@127.0.0.1/none"),
    SecretStr("not a secret: no token is ever signed with it"),
)
SETTINGS = Settings(
    environment="test",
    auth=Auth(issuer="apex", signing_keys=[SigningKey(id="none", secret=SECRET)]),
    internal=Internal(signing_key=SECRET),
    database=Database(url=NOWHERE, owner_url=NOWHERE),
    redis=Redis(url=SecretStr("redis://127.0.0.1/0")),
    clickhouse=ClickHouse(url=SecretStr("http://127.0.0.1/none")),
    cloud=Cloud(access_key_id=SECRET, secret_access_key=SECRET),
    partners=Partners(pricing_url="http://127.0.0.1"),
)


def asked(**background: bool) -> tuple[int, str, dict[str, str]]:
    """Status, verdict and checks of the live probe of a process whose background work goes on, or has ended."""
    process = Process("worker", "worker-1", Configuration("worker", SETTINGS))
    process.background.update({name: lambda going=going: going for name, going in background.items()})  # type: ignore[misc]

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(create_app(process, "A service", Stores(SETTINGS.database, "test"), {}))
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            return await client.get("/health/live")

    answer = asyncio.run(ask())
    return answer.status_code, answer.json()["status"], answer.json()["checks"]


def test_a_process_is_alive_while_its_background_work_goes_on():
    assert asked(leases=True, slots=True) == (200, "ready", {"leases": "ok", "slots": "ok"})


def test_work_in_the_background_that_has_ended_is_told():
    assert asked(leases=False, slots=True) == (503, "not_ready", {"leases": "ended", "slots": "ok"})


def test_a_dependency_that_hangs_says_nothing_of_the_others():
    answered, calls = threading.Event(), []

    def hang() -> None:
        calls.append("hangs")
        assert answered.wait(20)

    dependencies = Dependencies({"database": hang, "redis": lambda: None, "cloud": lambda: 1 // 0})
    try:
        for _ in range(3):
            assert dependencies.results(0.5) == {"database": "no answer", "redis": "ok", "cloud": "failing"}
        # It is asked again only once it has answered.
        assert calls == ["hangs"]
    finally:
        answered.set()
    assert dependencies.results(20)["database"] == "ok"
    assert dependencies.results(20)["database"] == "ok"
    assert len(calls) > 1


def test_a_service_without_dependencies_is_ready():
    assert Dependencies({}).results(0) == {}
