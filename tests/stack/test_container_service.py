"""A store in a container: it can be killed, paused, stopped and cut off, and nothing of it outlives its run."""

import os
import shutil
import signal
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import clickhouse_connect
import docker
import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from support.scenario.waiting import eventually
from support.settings import CHECKOUT
from support.stack import containers
from support.stack.addresses import ServiceStatus
from support.stack.client import Fault, Stack, StackOptions
from tests.stack.conftest import MakeOptions
from tests.stack.engine import with_containers
from tests.stack.traces import Run, kill_everything

pytestmark = with_containers
STORES = ("postgres-primary", "postgres-replica", "redis", "clickhouse")


@pytest.fixture(scope="module")
def stack(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """All stores, for tests that leave them running."""
    logs = tmp_path_factory.mktemp("logs")
    asked = StackOptions(checkout=CHECKOUT, log_dir=logs, base_dir=base, services="containers", only=frozenset(STORES))
    with Stack.start(asked, progress=lambda _: None) as started:
        yield started


@pytest.fixture
def small(options: MakeOptions) -> StackOptions:
    return options("redis", services="containers")


@pytest.fixture
def engine() -> Iterator[Any]:
    client = docker.DockerClient(base_url=f"unix://{containers.ENGINE}")
    yield client
    client.close()


def of(run_dir: Path) -> list[str]:
    """The containers of a run."""
    return [ident for ident, whose in containers.labelled() if whose == containers.mark(run_dir)]


def state(stack: Stack, name: str) -> ServiceStatus:
    return next(status for status in stack.services() if status.name == name)


def ask_redis(stack: Stack, seconds: float = 5) -> redis.Redis:
    return redis.Redis.from_url(
        stack.addresses.redis_url, retry=Retry(NoBackoff(), 0), socket_timeout=seconds, decode_responses=True
    )


def keep_in_redis(stack: Stack) -> None:
    with ask_redis(stack) as client:
        client.incr("kept")


def in_redis(stack: Stack) -> int:
    with ask_redis(stack) as client:
        return int(str(client.get("kept") or 0))


def keep_in_postgres(stack: Stack) -> None:
    with psycopg.connect(stack.addresses.postgres_owner_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (number int)")
        connection.execute("INSERT INTO kept VALUES (1)")


def _count(url: str) -> int:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute("SELECT count(*) FROM kept").fetchone()
    assert row is not None
    return int(row[0])


def keep_in_clickhouse(stack: Stack) -> None:
    with clickhouse_connect.get_client(dsn=stack.addresses.clickhouse_url) as client:
        client.command("CREATE TABLE IF NOT EXISTS kept (number UInt32) ENGINE = MergeTree ORDER BY number")
        client.insert("kept", [[1]], column_names=["number"])


def in_clickhouse(stack: Stack) -> int:
    with clickhouse_connect.get_client(dsn=stack.addresses.clickhouse_url) as client:
        return int(client.query("SELECT count() FROM kept").result_rows[0][0])


KEPT: Mapping[str, tuple[Callable[[Stack], None], Callable[[Stack], int]]] = {
    "postgres-primary": (keep_in_postgres, lambda stack: _count(stack.addresses.postgres_observer_url)),
    "postgres-replica": (keep_in_postgres, lambda stack: _count(stack.addresses.replica_observer_url)),
    "redis": (keep_in_redis, in_redis),
    "clickhouse": (keep_in_clickhouse, in_clickhouse),
}


@pytest.mark.parametrize("name", STORES)
@pytest.mark.parametrize(("verb", "then"), [("kill", "killed"), ("stop", "stopped")])
def test_a_store_that_was_ended_has_its_data_once_it_is_back(stack, name, verb, then):
    keep, count = KEPT[name]
    keep(stack)
    before, process = count(stack), state(stack, name).pid
    getattr(stack, verb)(name)
    assert (state(stack, name).state, state(stack, name).pid) == (then, None)
    with pytest.raises(Exception, match=r"refused"):
        count(stack)
    stack.start_service(name)
    assert state(stack, name).state == "ready"
    assert state(stack, name).pid not in (process, None)
    assert count(stack) == before > 0


@pytest.mark.parametrize("name", STORES)
def test_a_paused_store_keeps_its_connections_and_does_nothing(stack, name):
    stack.freeze(name)
    frozen = state(stack, name)
    stack.thaw(name)
    assert (frozen.state, state(stack, name).state) == ("frozen", "ready")
    keep_in_redis(stack)
    with ask_redis(stack, seconds=0.3) as client:
        client.ping()
        stack.freeze("redis")
        with pytest.raises(redis.TimeoutError):
            client.ping()
        stack.thaw("redis")
        assert client.ping()


def test_a_paused_store_can_be_ended(stack):
    stack.freeze("redis")
    stack.kill("redis")
    stack.start_service("redis")
    stack.freeze("redis")
    stack.restart("redis")
    assert in_redis(stack) >= 0


def test_the_replica_confirms_what_the_primary_has_written(stack):
    keep_in_postgres(stack)
    assert _count(stack.addresses.replica_observer_url) == _count(stack.addresses.postgres_observer_url)
    with psycopg.connect(stack.addresses.postgres_observer_url) as connection:
        rows = connection.execute("SELECT application_name, sync_state FROM pg_stat_replication").fetchall()
    assert rows == [("replica", "sync")]


def test_a_store_is_cut_off_by_its_link(stack):
    link = next(each for each in stack.links() if each.name == "redis")
    address = stack.addresses.redis_url.rpartition(":")[0] + f":{link.address.rpartition(':')[2]}/0"
    with redis.Redis.from_url(address, retry=Retry(NoBackoff(), 0), socket_timeout=1) as client:
        client.ping()
        stack.set_fault("redis", Fault(kind="refuse"))
        stack.cut_connections("redis", how="reset")
        with pytest.raises(redis.ConnectionError):
            client.ping()
        stack.clear_fault("redis")
        assert client.ping()


def test_a_store_that_somebody_else_has_ended_has_died(stack, engine):
    process = state(stack, "redis").pid
    container = next(each for each in map(engine.containers.get, of(stack.addresses.run_dir)) if
                     each.attrs["State"]["Pid"] == process)  # fmt: skip
    container.kill()
    eventually(lambda: state(stack, "redis").state, lambda seen: seen == "died", within=5)
    stack.start_service("redis")
    assert state(stack, "redis").state == "ready"


def test_the_log_has_everything_once(options):
    with Stack.start(options("redis", services="containers"), progress=lambda _: None) as started:
        log = state(started, "redis").log_path
        started.restart("redis")
        started.restart("redis")
    said = log.read_text()
    assert said.count("Ready to accept connections") == 3
    assert said.count("ready to exit") == 2


def test_no_password_stands_where_others_may_look(stack, engine):
    secrets = [url.partition("@")[0].rpartition(":")[2] for url in (
        stack.addresses.redis_url, stack.addresses.clickhouse_url, stack.addresses.postgres_observer_url,
    )]  # fmt: skip
    assert all(len(secret) > 10 for secret in secrets)
    found = [engine.containers.get(ident) for ident in of(stack.addresses.run_dir)]
    assert len(found) == len(STORES)
    for container in found:
        shown = str(container.attrs) + str(container.top())
        assert not [secret for secret in secrets if secret in shown]


def test_nothing_is_left_of_a_run_that_ends_in_order(small, base):
    with Stack.start(small, progress=lambda _: None) as started:
        run_dir = started.addresses.run_dir
        assert len(of(run_dir)) == 1
        started.freeze("redis")
    assert not of(run_dir)


@pytest.mark.parametrize("whom", ["the runner", "the supervisor", "both"])
def test_nothing_is_left_of_a_killed_run(small, whom):
    run = Run(small).wait()
    assert len(of(run.run_dir)) == 1
    if whom != "the runner":
        os.kill(run.supervisor, signal.SIGKILL)
    if whom != "the supervisor":
        run.signal(signal.SIGKILL)
    eventually(lambda: of(run.run_dir), lambda left: not left, within=20)
    run.end()


@pytest.mark.parametrize("has_folder", [True, False])
def test_the_next_run_removes_what_is_left(small, options, has_folder):
    run = Run(small).wait()
    kill_everything(run)
    assert len(of(run.run_dir)) == 1
    if not has_folder:
        shutil.rmtree(run.run_dir)
    # Without its folder only a run that uses containers, too, looks for them.
    follows = options("partner") if has_folder else options("redis", services="containers")
    with Stack.start(follows, progress=lambda _: None):
        assert not of(run.run_dir)


def test_living_runs_are_left_alone(small, options, tmp_path):
    with Stack.start(small, progress=lambda _: None) as one:
        other = options("redis", services="containers", log_dir=tmp_path / "other")
        with Stack.start(other, progress=lambda _: None):
            assert in_redis(one) == 0
        assert in_redis(one) == 0


def test_nothing_is_left_of_a_run_that_is_killed_while_it_starts(options):
    before = set(containers.labelled())
    run = Run(options("postgres-primary", services="containers"))
    eventually(lambda: set(containers.labelled()) - before, bool, within=30)
    run.signal(signal.SIGKILL)
    eventually(lambda: set(containers.labelled()) - before, lambda left: not left, within=20)
    run.end()


def test_a_kept_stack_says_whose_stores_it_has(options):
    told = options("redis", services="containers").platform
    assert told == "apex -D services=containers"
    assert options("redis").platform == "apex"
