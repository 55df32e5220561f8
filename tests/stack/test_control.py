"""What can be done to the services of a running stack, and what is told about them."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.exceptions import TimeoutError as RedisTimeout
from redis.retry import Retry

from support.scenario.waiting import eventually
from support.settings import CHECKOUT
from support.stack import processes
from support.stack.client import Fault, Link, ServiceStatus, Stack, StackError, StackOptions
from tests.stack.network import Customer, customer

SERVICES = ("redis", "postgres-primary", "postgres-replica")


@pytest.fixture(scope="module")
def stack(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    log_dir = tmp_path_factory.mktemp("logs")
    options = StackOptions(checkout=CHECKOUT, log_dir=log_dir, base_dir=base, only=frozenset(SERVICES))
    with Stack.start(options, progress=lambda _: None) as started:
        yield started


def status(stack: Stack, name: str) -> ServiceStatus:
    return next(found for found in stack.services() if found.name == name)


def redis_at(stack: Stack, seconds: float = 2.0) -> redis.Redis:
    return redis.Redis.from_url(stack.addresses.redis_url, socket_timeout=seconds, retry=Retry(NoBackoff(), 0))


def test_services_are_told(stack: Stack):
    found = {service.name: service for service in stack.services()}
    assert set(found) == set(SERVICES)
    for service in found.values():
        assert service.state == "ready"
        assert service.pid is not None
        assert service.started_in_seconds is not None
        assert service.log_path.is_file()


def test_addresses_are_on_loopback_only(stack: Stack):
    urls = [value for name, value in vars(stack.addresses).items() if name.endswith("_url")]
    assert urls
    assert all("127.0.0.1:" in url for url in urls)


def test_secrets_can_be_read_by_their_owner_alone(stack: Stack):
    for path in ("apex/apex.toml", "redis/redis.conf", "control.sock", "primary/data/pg_hba.conf"):
        assert (stack.addresses.run_dir / path).stat().st_mode & 0o077 == 0, path


def test_a_killed_service_is_back_with_its_data(stack: Stack):
    with closing(redis_at(stack)) as client:
        client.set("kept", "yes")
        killed = status(stack, "redis").pid
        assert killed is not None
        stack.kill("redis")
        assert processes.identity_of(killed) is None
        assert status(stack, "redis").state == "killed"
        with pytest.raises(redis.ConnectionError):
            client.ping()
        stack.start_service("redis")
        assert client.get("kept") == b"yes"


def test_a_killed_postgres_takes_its_children_along_and_comes_back(stack: Stack):
    url = stack.addresses.postgres_observer_url
    with psycopg.connect(url) as connection:
        backend = connection.info.backend_pid
        stack.kill("postgres-primary")
        assert processes.identity_of(backend) is None
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)
    stack.start_service("postgres-primary")
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    stack.wait_ready("postgres-replica")


def test_a_frozen_service_keeps_its_connections_and_is_silent(stack: Stack):
    with closing(redis_at(stack, seconds=0.2)) as client:
        client.ping()
        stack.freeze("redis")
        assert status(stack, "redis").state == "frozen"
        with pytest.raises(RedisTimeout):
            client.ping()
        stack.thaw("redis")
        stack.wait_ready("redis")
        assert client.ping()


def test_freezing_postgres_freezes_its_open_sessions(stack: Stack):
    with psycopg.connect(stack.addresses.postgres_observer_url) as connection:
        session = processes.identity_of(connection.info.backend_pid)
        assert session is not None
        assert processes.moving([session]) == [session]
        stack.freeze("postgres-primary")
        begin = time.monotonic()
        # Says it itself, rather than `processes.moving`: freezing is built upon that.
        states = [task.joinpath("stat").read_text() for task in Path(f"/proc/{session.pid}/task").iterdir()]
        stack.thaw("postgres-primary")
        assert {state.rpartition(")")[2].split()[0] for state in states} == {"T"}
        assert connection.execute("SELECT 1").fetchone() == (1,)
        assert time.monotonic() - begin < 5


def test_restart_is_another_process(stack: Stack):
    before = status(stack, "redis").pid
    stack.restart("redis")
    after = status(stack, "redis").pid
    assert after is not None
    assert after != before


def test_extra_arguments_last_until_others_are_given(stack: Stack):
    def maximum() -> str:
        with closing(redis_at(stack)) as client:
            return str(client.config_get("maxclients")["maxclients"])

    stack.restart("redis", ["--maxclients", "123"])
    assert maximum() == "123"
    stack.kill("redis")
    stack.start_service("redis")
    assert maximum() == "123"
    stack.restart("redis", [])
    assert maximum() == "10000"


def test_a_service_that_ends_by_itself_is_told(stack: Stack):
    pid = status(stack, "redis").pid
    assert pid is not None
    os.kill(pid, signal.SIGTERM)
    eventually(lambda: status(stack, "redis").state, lambda state: state == "died", within=5)
    assert status(stack, "redis").pid is None
    stack.start_service("redis")


def test_arguments_that_a_service_refuses_are_told_with_its_last_words(stack: Stack):
    stack.stop("redis")
    with pytest.raises(StackError, match=r"^redis died at its start \(ended with exit code 1\)") as told:
        stack.start_service("redis", ["--no-such-option", "1"])
    assert any("no-such-option" in line for line in told.value.log_lines)
    stack.start_service("redis", [])


def test_requests_that_make_no_sense(stack: Stack):
    with pytest.raises(StackError, match="there is no service rabbit; there are postgres-primary"):
        stack.kill("rabbit")
    with pytest.raises(StackError, match="redis runs already"):
        stack.start_service("redis")
    with pytest.raises(StackError, match="there is no link nowhere"):
        stack.set_fault("nowhere", Fault("refuse"))
    with pytest.raises(StackError, match="there is no link nowhere; there are "):
        stack.open_link("nowhere")


def test_the_replica_is_synchronous(stack: Stack):
    stack.wait_ready("postgres-replica")
    with psycopg.connect(stack.addresses.postgres_observer_url) as connection:
        rows = connection.execute("SELECT application_name, sync_state FROM pg_stat_replication").fetchall()
        assert rows == [("replica", "sync")]
        assert connection.execute("SHOW synchronous_commit").fetchone() == ("on",)
    with psycopg.connect(stack.addresses.replica_observer_url) as connection:
        assert connection.execute("SELECT pg_is_in_recovery()").fetchone() == (True,)


def test_the_observer_reads_everything_and_writes_nothing(stack: Stack):
    with psycopg.connect(stack.addresses.postgres_observer_url) as connection:
        rows = connection.execute("SELECT rolname, rolbypassrls FROM pg_roles WHERE rolname LIKE 'apex%'").fetchall()
        assert dict(rows) == {"apex_owner": False, "apex_app": False, "apex_observer": True, "apex_replication": False}
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE mine ()")


def test_one_line_can_be_broken_without_the_others(stack: Stack):
    lines = [stack.open_link("redis") for _ in range(2)]
    first, second = lines
    assert first.address != second.address
    with customer(port_of(first)) as one, customer(port_of(second)) as other:
        assert is_answered(one)
        assert is_answered(other)
        first.set_fault(Fault("blackhole"))
        assert not is_answered(one)
        assert is_answered(other)
        first.clear()
        assert is_answered(one)
        assert second.cut() == 1
        assert other.end() == "reset"
        assert is_answered(one)
        assert first.status().fault is None
        assert (first.status().open_connections, second.status().open_connections) == (1, 0)
    for line in lines:
        line.close()
    assert not [line for line in stack.links() if "#" in line.name]
    with pytest.raises(StackError, match="opened on demand"):
        first.close()


def port_of(line: Link) -> int:
    return int(line.address.rpartition(":")[2])


def is_answered(someone: Customer) -> bool:
    """Redis answers everybody, if only that a password is needed."""
    someone.send(b"PING\r\n")
    refusal = b"-NOAUTH Authentication required.\r\n"
    return someone.receive(len(refusal), seconds=0.3) == refusal


def test_what_the_customers_line_of_a_service_is_called(stack: Stack):
    names = {line.name for line in stack.links()}
    assert names == {
        "postgres", "postgres-replica", "replication", "redis", "clickhouse", "cloud", "partner", "auth", "backend",
        "backend-2",
        "tools-1", "tools-2", "analytics",
    }  # fmt: skip
