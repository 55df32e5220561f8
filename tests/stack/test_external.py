"""Stores that somebody else has started: a run has its own databases there, removes them, and touches nothing else."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import clickhouse_connect
import psycopg
import pytest
import redis
from psycopg import sql

from support.settings import CHECKOUT
from support.stack import directories, processes
from support.stack.client import Stack, StackError, StackOptions
from support.stack.external import VARIABLES, places
from support.stack.external_stores import MARK

STORES = frozenset(("postgres-primary", "redis", "clickhouse"))
ADMIN = "somebody"


@dataclass(frozen=True)
class Servers:
    """The servers of somebody else; `variables` is what a run is given of them."""

    variables: Mapping[str, str]

    def __getitem__(self, store: str) -> str:
        return self.variables[VARIABLES[store][0]]

    def dump(self) -> Mapping[str, Any]:
        """Everything that is on them, by the words of their own clients."""
        with psycopg.connect(self["postgres-primary"], autocommit=True) as connection:
            names = connection.execute("SELECT datname FROM pg_database ORDER BY 1").fetchall()
            roles = connection.execute("SELECT rolname, rolsuper, rolbypassrls FROM pg_roles ORDER BY 1").fetchall()
            rows = connection.execute("SELECT * FROM orders ORDER BY 1").fetchall()
        with clickhouse_connect.get_client(dsn=self["clickhouse"]) as client:
            tables = client.query(
                "SELECT database, name FROM system.tables WHERE database NOT LIKE '%ystem' ORDER BY 1, 2"
            )
            kept = client.query("SELECT * FROM kept ORDER BY 1").result_rows
            databases = client.query("SELECT name FROM system.databases ORDER BY 1").result_rows
        keys: dict[Any, Any] = {}
        for number in range(16):
            with redis.Redis.from_url(numbered(self["redis"], number), decode_responses=True) as client:
                keys |= {(number, key): client.dump(key) for key in sorted(client.scan_iter())}
        return {
            "postgres": (names, roles, rows),
            "clickhouse": (databases, tables.result_rows, kept),
            "redis": {key: len(value or b"") for key, value in keys.items()},
        }


def numbered(url: str, database: int) -> str:
    """The address of another logical database of a Redis server."""
    return urlsplit(url)._replace(path=f"/{database}").geturl()


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Servers that hold something already: the stores of another stack."""
    only = STORES | {"postgres-replica"}
    options = StackOptions(checkout=CHECKOUT, log_dir=tmp_path_factory.mktemp("servers"), only=only)
    with Stack.start(options, lambda line: None) as stack:
        place = places(_variables(stack.addresses.postgres_owner_url, stack))["postgres-primary"]
        socket = stack.addresses.run_dir / "primary"
        with psycopg.connect(
            host=str(socket), port=place.port, user="postgres", dbname=place.path[1:], autocommit=True
        ) as connection:
            made = sql.SQL("CREATE ROLE {} SUPERUSER LOGIN PASSWORD {}")
            connection.execute(made.format(sql.Identifier(ADMIN), sql.Literal("their-password")))
            connection.execute("CREATE TABLE orders AS SELECT 1 AS id, 'a book' AS what")
        admin = f"postgresql://{ADMIN}:their-password@127.0.0.1:{place.port}{place.path}"
        found = Servers(_variables(admin, stack))
        with clickhouse_connect.get_client(dsn=found["clickhouse"]) as client:
            client.command("CREATE TABLE kept (id UInt32) ENGINE = MergeTree ORDER BY id")
            client.command("INSERT INTO kept VALUES (7)")
        for number in (0, 1):
            with redis.Redis.from_url(numbered(found["redis"], number)) as client:
                client.set("events:theirs", "untouched")
        yield found


def _variables(postgres: str, stack: Stack) -> Mapping[str, str]:
    urls = (postgres, stack.addresses.redis_url, stack.addresses.clickhouse_url)
    return {variable: url for (variable, _, _), url in zip(VARIABLES.values(), urls, strict=True)}


def options(servers: Servers, tmp_path: Path, only: frozenset[str] = STORES) -> StackOptions:
    return StackOptions(
        checkout=CHECKOUT, log_dir=tmp_path / "logs", services="external", credentials=servers.variables, only=only
    )


def test_everything_is_as_before_once_a_run_has_ended(servers, tmp_path):
    before = servers.dump()
    with Stack.start(options(servers, tmp_path, STORES | {"auth"}), lambda line: None) as stack:
        addresses = stack.addresses
        # The platform has written to the run's own databases: that it has is the control of what follows.
        with psycopg.connect(addresses.postgres_observer_url) as connection:
            assert connection.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)
            assert connection.execute("SELECT to_regclass('orders')").fetchone() == (None,)
        with redis.Redis.from_url(addresses.redis_url, decode_responses=True) as client:
            assert client.get(MARK) == addresses.run_dir.name
            assert client.get("events:theirs") is None
        assert servers.dump() != before
        secrets = [place.password or "" for place in places(servers.variables).values()]
        configured = (addresses.run_dir / "apex" / "apex.toml").read_text()
        assert not [secret for secret in secrets if secret in configured]
    assert servers.dump() == before


def test_what_a_killed_run_has_left_is_removed_by_the_next(servers, tmp_path):
    before = servers.dump()
    stack = Stack.start(options(servers, tmp_path), lambda line: None)
    owner = directories.owner_of(stack.addresses.run_dir)
    assert owner is not None
    os.kill(owner.pid, signal.SIGKILL)
    assert not processes.wait_for_end([owner], 10)
    stack.close()
    assert servers.dump() != before
    with Stack.start(options(servers, tmp_path), lambda line: None):
        pass
    assert servers.dump() == before


def test_runs_at_the_same_time_have_databases_of_their_own(servers, tmp_path):
    before = servers.dump()
    with Stack.start(options(servers, tmp_path / "a"), lambda line: None) as one:
        with Stack.start(options(servers, tmp_path / "b"), lambda line: None) as other:
            assert one.addresses.redis_url.rpartition("/")[2] != other.addresses.redis_url.rpartition("/")[2]
        with psycopg.connect(one.addresses.postgres_observer_url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    assert servers.dump() == before


@pytest.mark.parametrize("verb", ["kill", "stop", "freeze", "restart"])
def test_a_store_of_somebody_else_is_not_broken(servers, tmp_path, verb):
    with Stack.start(options(servers, tmp_path), lambda line: None) as stack:
        with pytest.raises(StackError, match="the run did not start redis, so it does not break it"):
            getattr(stack, verb)("redis")
        stack.cut_connections("redis")
        assert not [link.fault for link in stack.links() if link.fault]


def test_every_address_that_is_missing_or_wrong_is_named_without_its_password():
    with pytest.raises(StackError) as refused:
        places({"ACCEPTANCE_REDIS_URL": "rediss://:their-password@host", "ACCEPTANCE_POSTGRES_URL": ""})
    said = str(refused.value)
    assert [line.partition("ACCEPTANCE_")[2].partition("_")[0] for line in said.splitlines()] == [
        "POSTGRES", "REDIS", "CLICKHOUSE",
    ]  # fmt: skip
    assert "their-password" not in said


def test_a_server_that_does_not_serve_is_named(servers, tmp_path):
    wrong = {**servers.variables, "ACCEPTANCE_REDIS_URL": "redis://:their-password@127.0.0.1:9/0"}
    asked = StackOptions(
        checkout=CHECKOUT, log_dir=tmp_path, services="external", credentials=wrong, only=STORES, start_seconds=2
    )
    with pytest.raises(StackError, match=r"ACCEPTANCE_REDIS_URL: 127\.0\.0\.1:9 does not serve") as refused:
        Stack.start(asked, lambda line: None)
    assert "their-password" not in str(refused.value)


def test_a_run_that_is_killed_has_its_supervisor_remove_everything(servers, tmp_path):
    before = servers.dump()
    asked = json.dumps(options(servers, tmp_path).to_json())
    with subprocess.Popen(
        [sys.executable, "-m", "tests.stack.runner"],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as runner:
        assert runner.stdin is not None
        assert runner.stdout is not None
        print(asked, file=runner.stdin, flush=True)
        owner = directories.owner_of(Path(json.loads(runner.stdout.readline())["run_dir"]))
        assert owner is not None
        assert servers.dump() != before
        runner.kill()
    assert not processes.wait_for_end([owner], 20)
    assert servers.dump() == before
