"""The real client works with our ClickHouse server as with any other."""

import datetime
from collections.abc import Iterator
from decimal import Decimal
from threading import Thread

import clickhouse_connect
import pytest
import requests
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from support.stack.client import Stack

NOON = datetime.datetime(2025, 1, 2, 12, microsecond=123456, tzinfo=datetime.UTC)
COLUMNS = ("id", "name", "at", "cost")
ROWS = [(number, f"row {number}" if number % 2 else None, NOON, Decimal("1.2345")) for number in range(1000)]


def connect(stack: Stack, **options: object) -> Client:
    return clickhouse_connect.get_client(dsn=stack.addresses.clickhouse_url, **options)  # type: ignore[arg-type]


@pytest.fixture
def client(small_stack: Stack) -> Iterator[Client]:
    """A client whose database has one empty table."""
    with connect(small_stack) as connected:
        connected.command("DROP TABLE IF EXISTS rows")
        connected.command(
            "CREATE TABLE rows (id Int64, name Nullable(String), at DateTime64(6, 'UTC'), cost Decimal(18, 4)) "
            "ENGINE = MergeTree ORDER BY id"
        )
        yield connected


def test_ping_and_version(client: Client):
    assert client.ping()
    assert int(str(client.server_version).split(".")[0]) >= 24
    assert client.command("SELECT currentDatabase()") == "apex_test"


@pytest.mark.parametrize("compression", [False, "lz4", "zstd", "gzip"])
def test_rows_come_back_as_they_were_inserted(small_stack: Stack, client: Client, compression: str | bool):
    with connect(small_stack, compress=compression) as compressing:
        assert compressing.insert("rows", ROWS, column_names=COLUMNS).written_rows == len(ROWS)
        found = compressing.query("SELECT * FROM rows ORDER BY id", tz_mode="aware")
        assert found.result_rows == ROWS


def test_bound_parameters(client: Client):
    client.insert("rows", ROWS[:10], column_names=COLUMNS)
    by_name = "SELECT id FROM rows WHERE name = {name:String}"
    assert client.query(by_name, parameters={"name": "row 3"}).result_rows == [(3,)]
    tricky = ["a'b", "c\\d", "tab\there", "x OR 1=1"]
    assert client.query("SELECT {texts:Array(String)}", parameters={"texts": tricky}).result_rows == [(tricky,)]
    assert client.query("SELECT {text:String}", parameters={"text": tricky[0]}).result_rows == [(tricky[0],)]
    assert client.query(by_name, parameters={"name": "' OR 1=1 --"}).result_rows == []


def test_settings_hold_for_one_query(client: Client):
    ask = "SELECT getSetting('max_threads')"
    assert client.query(ask, settings={"max_threads": 3}).result_rows != client.query(ask).result_rows
    with pytest.raises(DatabaseError, match="code: 115"):
        client.query(ask, settings={"no_such_setting": 1})


@pytest.mark.parametrize(
    ("statement", "code"),
    [("SELECT * FROM nowhere", 60), ("SELEC 1", 62), ("SELECT throwIf(1)", 395), ("SELECT nothing", 47)],
)
def test_errors_have_clickhouses_codes(client: Client, statement: str, code: int):
    with pytest.raises(DatabaseError, match=f"code: {code}"):
        client.query(statement)
    assert client.ping()


def test_statements_with_data_in_the_text(client: Client):
    client.command("INSERT INTO rows VALUES (1, NULL, now(), 1)")
    client.command("INSERT INTO rows SELECT number, NULL, now(), 1 FROM numbers(4)")
    assert client.command("SELECT count() FROM rows") == 5
    client.raw_insert("rows", ["id", "name"], "7,seven\n8,eight\n", fmt="CSV")
    assert (
        client.raw_query("SELECT id FROM rows WHERE id > 6 ORDER BY id", fmt="JSONEachRow") == b'{"id":7}\n{"id":8}\n'
    )


def test_data_that_does_not_fit_is_refused_as_a_whole(client: Client):
    with pytest.raises(DatabaseError):
        client.raw_insert("rows", ["id"], "1\nnot a number\n", fmt="CSV")
    assert client.command("SELECT count() FROM rows") == 0


def test_requests_run_beside_each_other(small_stack: Stack, client: Client):
    client.insert("rows", ROWS, column_names=COLUMNS)
    counts: list[object] = []

    def count() -> None:
        with connect(small_stack) as own:
            counts.extend(own.command("SELECT count() FROM rows") for _ in range(10))

    threads = [Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [len(ROWS)] * 40


def test_wrong_credentials(small_stack: Stack):
    url = small_stack.addresses.clickhouse_url.rpartition("/")[0]
    with pytest.raises(DatabaseError, match="code: 516"):
        clickhouse_connect.get_client(dsn=url.replace("apex:", "somebody:"))
    place = url.rpartition("@")[2]
    for auth in (None, ("apex", "wrong"), ("", "")):
        answer = requests.post(f"http://{place}/", data="SELECT 1", auth=auth, timeout=5)
        assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (403, "516")
    assert requests.get(f"http://{place}/ping", timeout=5).text == "Ok.\n"


def test_a_backup_can_be_made_and_restored(client: Client):
    client.insert("rows", ROWS, column_names=COLUMNS)
    place = client.command("SELECT generateUUIDv4()")
    client.command(f"BACKUP TABLE rows TO File('{place}')")
    client.command("DROP TABLE rows SYNC")
    client.command(f"RESTORE TABLE rows FROM File('{place}')")
    assert client.command("SELECT count() FROM rows") == len(ROWS)


def test_confirmed_rows_survive_a_kill(small_stack: Stack, client: Client):
    client.insert("rows", ROWS, column_names=COLUMNS)
    small_stack.kill("clickhouse")
    small_stack.start_service("clickhouse")
    assert client.command("SELECT count() FROM rows") == len(ROWS)
