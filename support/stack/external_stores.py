"""Making and removing a run's own databases on servers of somebody else, with the clients that the tests use."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import clickhouse_connect
import psycopg
import redis
from psycopg import sql
from redis.backoff import NoBackoff
from redis.retry import Retry

from support.stack import postgres_template as prepared
from support.stack.clickhouse import DATABASE as CLICKHOUSE_DATABASE
from support.stack.errors import StackError

if TYPE_CHECKING:
    from support.stack.external import ExternalStores

_SECONDS = 5
MARK = "acceptance:run"
"""The key of a logical database of Redis that says whose it is. It expires, should nobody ever come back."""
_MARK_SECONDS = 7 * 24 * 3600
_NUMBER = re.compile(r"_run_([0-9a-f]{8})$")
_HIGHEST_DATABASE = 1024


def make(stores: ExternalStores) -> Any:
    """Make the databases of a run; returns the connection that holds its lock. Raises StackError."""
    connection = _postgres(stores)
    try:
        if not _lock(connection, stores.number):
            raise StackError(f"another run has the number {stores.number}; start again")
        for number in _left_by_others(stores, connection):
            if _lock(connection, number):
                _remove(stores, connection, number)
                connection.execute("SELECT pg_advisory_unlock(%s)", [_key(number)])
        try:
            _make_postgres(stores, connection)
            stores.redis.database = _take_redis(stores)
            with _clickhouse(stores) as client:
                client.command(f"CREATE DATABASE {stores.clickhouse.database}")
        except Exception:
            _remove(stores, connection, stores.number)
            raise
    except psycopg.Error as error:
        connection.close()
        said = " ".join(str(error).split())
        raise StackError(
            f"ACCEPTANCE_POSTGRES_URL: its role must be allowed to make databases and roles that see past row "
            f"security: {said}"
        ) from None
    except BaseException:
        connection.close()
        raise
    return connection


def remove(stores: ExternalStores, connection: Any) -> None:
    """Remove the databases of a run and give up its lock."""
    try:
        if connection.closed or connection.broken:
            connection = _postgres(stores)
        _remove(stores, connection, stores.number)
    finally:
        connection.close()


def _make_postgres(stores: ExternalStores, connection: psycopg.Connection[Any]) -> None:
    passwords = stores.passwords
    options = {prepared.OWNER: "", prepared.APP: "NOBYPASSRLS", prepared.OBSERVER: "BYPASSRLS"}
    for role, option in options.items():
        connection.execute(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD {} " + option).format(
                sql.Identifier(passwords.name(role)), sql.Literal(passwords.by_role()[role])
            )
        )
    observer, owner = sql.Identifier(passwords.name(prepared.OBSERVER)), sql.Identifier(passwords.name(prepared.OWNER))
    connection.execute(sql.SQL("GRANT pg_read_all_data, pg_monitor TO {}").format(observer))
    # Who makes a database for another must be a member of that role.
    connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(owner))
    database = sql.Identifier(passwords.name(prepared.DATABASE))
    connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, owner))


def _take_redis(stores: ExternalStores) -> int:
    """An empty logical database, which is then marked as the run's."""
    for number, client in _databases(stores):
        if client.dbsize() == 0 and client.set(MARK, stores.number, nx=True, ex=_MARK_SECONDS):
            return number
    raise StackError(
        "ACCEPTANCE_REDIS_URL: the server has no empty database but 0 left, and a run needs one of its own"
    )


def _remove(stores: ExternalStores, connection: psycopg.Connection[Any], number: str) -> None:
    """Remove what bears a number, in whichever stores it is."""
    with _clickhouse(stores) as client:
        client.command(f"DROP DATABASE IF EXISTS {CLICKHOUSE_DATABASE}_run_{number}")
    for _, client in _databases(stores):
        if client.get(MARK) == number:
            client.flushdb()
    connection.execute(
        sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(f"{prepared.DATABASE}_run_{number}"))
    )
    for role in (prepared.APP, prepared.OBSERVER, prepared.OWNER):
        connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(f"{role}_run_{number}")))


def _left_by_others(stores: ExternalStores, connection: psycopg.Connection[Any]) -> set[str]:
    """The numbers that something bears in one of the stores."""
    names = [row[0] for row in connection.execute("SELECT datname FROM pg_database UNION SELECT rolname FROM pg_roles")]
    with _clickhouse(stores) as client:
        names += [row[0] for row in client.query("SELECT name FROM system.databases").result_rows]
    ours = (prepared.DATABASE, prepared.OWNER, prepared.APP, prepared.OBSERVER, CLICKHOUSE_DATABASE)
    found = {
        mark[1]
        for name in names
        if name.startswith(tuple(f"{own}_run_" for own in ours)) and (mark := _NUMBER.search(name))
    }
    marks = [client.get(MARK) for _, client in _databases(stores)]
    return (found | {str(mark) for mark in marks if mark}) - {stores.number}


def _lock(connection: psycopg.Connection[Any], number: str) -> bool:
    return connection.execute("SELECT pg_try_advisory_lock(%s)", [_key(number)]).fetchone() == (True,)


def _key(number: str) -> int:
    # Others may lock small numbers.
    return int(f"ace{number}", 16)


def _postgres(stores: ExternalStores) -> psycopg.Connection[Any]:
    return psycopg.connect(
        stores.admin("postgres-primary"), autocommit=True, connect_timeout=_SECONDS, application_name="acceptance run"
    )


@contextlib.contextmanager
def _clickhouse(stores: ExternalStores) -> Iterator[Any]:
    with clickhouse_connect.get_client(dsn=stores.admin("clickhouse"), connect_timeout=_SECONDS) as client:
        yield client


def _databases(stores: ExternalStores) -> Iterator[tuple[int, Any]]:
    """The logical databases of the Redis server but the first, which is the one that everybody uses."""
    place = stores.places["redis"]
    for number in range(1, _HIGHEST_DATABASE):
        # A database in the address would hold whatever else is said.
        address = place._replace(path=f"/{number}").geturl()
        with redis.Redis.from_url(
            address, decode_responses=True, retry=Retry(NoBackoff(), 0), socket_timeout=_SECONDS
        ) as client:
            try:
                client.ping()
            except redis.ResponseError:  # there are no more
                return
            yield number, client
