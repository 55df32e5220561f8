"""Eyes on real stores: a marker is seen in any table and key, and it is known whose place that is."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import psycopg
import pytest
import redis
import requests

from support.oracles.canary import Sighting
from support.platform.drivers.apex import ApexDriver
from support.platform.target import Ownership
from support.settings import CHECKOUT
from support.stack.client import Stack, StackOptions
from support.stores.clickhouse import ClickHouseEyes
from support.stores.postgres import PostgresEyes
from support.stores.redis import RedisEyes

MARKER = "canary-aaaaaaaaaaaa"
EVERYBODY: Mapping[str, str] = {"user-1": "tenant-1"}
NO_RUNS = "select null where false"
OWNERSHIP = Ownership(["tenant_id", "owner"], NO_RUNS, NO_RUNS, "told:", "epochs:", ["count:"], ["flag:"])


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    options = StackOptions(
        checkout=CHECKOUT,
        log_dir=tmp_path_factory.mktemp("logs"),
        only=frozenset({"postgres-primary", "postgres-replica", "redis", "clickhouse"}),
    )
    with Stack.start(options, lambda line: None) as started:
        yield started


@pytest.fixture
def rows(stack: Stack) -> Iterator[PostgresEyes]:
    eyes = PostgresEyes(stack.addresses.postgres_observer_url, OWNERSHIP)
    eyes.look([], EVERYBODY)
    yield eyes
    eyes.close()


def seen_in_tables(rows: PostgresEyes) -> set[tuple[str, str | None]]:
    return {(sighting.where, sighting.tenant_id) for sighting in rows.look([], EVERYBODY)[0]}


def places(found: list[Sighting]) -> set[tuple[str, str | None]]:
    assert all(sighting.markers == {MARKER} for sighting in found)
    return {(sighting.where, sighting.tenant_id) for sighting in found}


def test_a_row_is_theirs_whose_id_its_first_known_column_holds(stack: Stack, rows: PostgresEyes):
    with psycopg.connect(stack.addresses.postgres_owner_url, autocommit=True) as owner:
        owner.execute("create schema later")
        try:
            owner.execute("create table later.items (owner text, tenant_id text, value text)")
            owner.execute("create table later.settings (owner text, value text)")
            owner.execute("create table later.versions (value text)")
            assert seen_in_tables(rows) == set()
            owner.execute("insert into later.items values ('user-9', 'tenant-1', %s)", [MARKER])
            owner.execute("insert into later.settings values ('user-1', %s)", [MARKER])
            owner.execute("insert into later.versions values (%s)", [MARKER])
            assert seen_in_tables(rows) == {
                ("the table later.items", "tenant-1"),
                ("the table later.settings", "tenant-1"),
                ("the table later.versions", None),
            }
            assert seen_in_tables(rows) == set(), "a row is seen once"
        finally:
            owner.execute("drop schema later cascade")
    assert seen_in_tables(rows) == set(), "a table that is gone is not missed"


def test_where_no_column_says_whose_a_row_is_an_expression_may(stack: Stack):
    ownership = replace(OWNERSHIP, tables={"checkpoints": "split_part(t.place, '.', 2)"})
    eyes = PostgresEyes(stack.addresses.postgres_observer_url, ownership)
    eyes.look([], EVERYBODY)
    with psycopg.connect(stack.addresses.postgres_owner_url, autocommit=True) as owner:
        owner.execute("create table checkpoints (place text, value text)")
        try:
            owner.execute("insert into checkpoints values ('users.user-1.usage', %s)", [MARKER])
            assert seen_in_tables(eyes) == {("the table checkpoints", "tenant-1")}
        finally:
            owner.execute("drop table checkpoints")
    eyes.close()


def test_the_runs_are_those_of_the_statement(stack: Stack):
    statement = "select 'run-1', 'user-1', 'tenant-1', 'completed', true where 'tenant-1' = any(%(tenants)s)"
    ownership = replace(OWNERSHIP, runs=statement, run_ids="select 'run-1'")
    eyes = PostgresEyes(stack.addresses.postgres_observer_url, ownership)
    assert [(run.id, run.has_ended) for run in eyes.runs(["tenant-1"])] == [("run-1", True)]
    assert eyes.runs(["tenant-2"]) == []
    assert eyes.every_run() == {"run-1"}
    eyes.close()


def test_a_row_of_the_analytics_store_is_theirs_or_nobodys(stack: Stack):
    eyes = ClickHouseEyes(stack.addresses.clickhouse_url, OWNERSHIP.columns)

    def run(statement: str) -> None:
        requests.post(eyes._url, params={"database": eyes._database}, data=statement, timeout=5).raise_for_status()

    run("create table figures (owner String, note String) engine = MergeTree order by owner")
    run("create table notes (note String) engine = MergeTree order by note")
    try:
        run(f"insert into figures values ('user-1', '{MARKER}')")
        run(f"insert into notes values ('{MARKER}')")
        assert places(eyes.look(EVERYBODY)) == {
            ("the ClickHouse table figures", "tenant-1"),
            ("the ClickHouse table notes", None),
        }
        assert eyes.look(EVERYBODY) == []
    finally:
        run("drop table figures")
        run("drop table notes")
        eyes.close()


def test_a_key_is_theirs_whose_run_it_names_where_users_have_no_streams(stack: Stack):
    client = redis.Redis.from_url(stack.addresses.redis_url)
    eyes = RedisEyes(stack.addresses.redis_url, ApexDriver.dialect, Ownership([], NO_RUNS, NO_RUNS))
    client.rpush("run:cache:run-1", MARKER)
    try:
        assert places(eyes.look([], EVERYBODY)[0]) == {("the Redis key run:cache:run-1", None)}
        eyes.know({"run-1": "tenant-1"})
        assert places(eyes.look([], EVERYBODY)[0]) == {("the Redis key run:cache:run-1", "tenant-1")}
    finally:
        client.delete("run:cache:run-1")
        eyes.close()


def test_a_key_is_theirs_whose_id_it_names(stack: Stack):
    client = redis.Redis.from_url(stack.addresses.redis_url)
    eyes = RedisEyes(stack.addresses.redis_url, ApexDriver.dialect, OWNERSHIP)
    client.set("basket:user-1", MARKER)
    client.set("basket:of-nobody", MARKER)
    client.set("count:user-9", MARKER)
    client.set(f"flag:{MARKER}", "1")
    client.xadd("told:user-1", {"event": MARKER})
    try:
        found, _, endless = eyes.look([], EVERYBODY)
        assert places(found) == {
            ("the Redis key basket:user-1", "tenant-1"),
            ("the Redis key basket:of-nobody", None),
            (f"the Redis key flag:{MARKER}", None),
            ("the event stream of user user-1", "tenant-1"),
        }
        assert endless == ["basket:of-nobody", "basket:user-1", "count:user-9", "told:user-1"]
        client.set("basket:user-2", "1", ex=60)
        client.set("basket:user-3", "1")
        assert eyes.look([], EVERYBODY)[2] == ["basket:user-3"], "only what is new is told"
    finally:
        client.flushall()
        client.close()
        eyes.close()
