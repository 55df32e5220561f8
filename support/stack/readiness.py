"""Asking services whether they serve, with the clients that the tests use. Each raises when the answer is no.

Loaded only once services are coming up: importing the clients takes longer than some services take to start.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

import clickhouse_connect
import psycopg
import redis
import requests
from psycopg import sql
from redis.backoff import NoBackoff
from redis.retry import Retry

from support.stack.polling import NotReady

_TIMEOUT_SECONDS = 3

# While a service starts, a refusal is an answer like any other and no matter for a log.
logging.getLogger("clickhouse_connect").setLevel(logging.CRITICAL)


def set_postgres_passwords(socket_directory: Path, port: int, database: str, passwords: Mapping[str, str]) -> None:
    """Give the roles their passwords of this run, over the server's private socket."""
    with psycopg.connect(
        host=str(socket_directory), port=port, user="postgres", dbname=database, autocommit=True,
        connect_timeout=_TIMEOUT_SECONDS,
    ) as connection:  # fmt: skip
        # The replica cannot log in before this is done, so it cannot confirm it either.
        connection.execute("SET synchronous_commit = local")
        for role, password in passwords.items():
            change = sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(password))
            connection.execute(change)


def postgres_serves(url: str) -> None:
    """A login and a query."""
    with psycopg.connect(url, connect_timeout=_TIMEOUT_SECONDS, autocommit=True) as connection:
        connection.execute("SELECT 1")


def replica_follows(url: str) -> None:
    """The replica answers reads and its stream from the primary flows."""
    with psycopg.connect(url, connect_timeout=_TIMEOUT_SECONDS, autocommit=True) as connection:
        row = connection.execute("SELECT status FROM pg_stat_wal_receiver").fetchone()
        if row != ("streaming",):
            raise NotReady("the replica does not follow the primary yet")


def redis_serves(url: str) -> None:
    """A login and a ping."""
    with redis.Redis.from_url(
        url, retry=Retry(NoBackoff(), 0), socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS
    ) as client:
        client.ping()


def clickhouse_serves(url: str) -> None:
    """A login and a query. The pool of its own leaves no connection behind for the next attempt."""
    with clickhouse_connect.get_client(dsn=url, connect_timeout=_TIMEOUT_SECONDS, query_retries=0) as client:
        client.query("SELECT 1")


def make_clickhouse_database(url: str, database: str) -> None:
    """Make a database, and have the first insert done: it takes by far the longest, and is no customer's matter."""
    with clickhouse_connect.get_client(dsn=url, connect_timeout=_TIMEOUT_SECONDS, query_retries=0) as client:
        client.command(f"CREATE DATABASE IF NOT EXISTS {database}")
        table = f"{database}.first"
        client.command(f"CREATE OR REPLACE TABLE {table} (number UInt32) ENGINE = MergeTree ORDER BY number")
        client.insert(table, [[1]], column_names=["number"])
        client.command(f"DROP TABLE {table} SYNC")


def http_serves(url: str) -> None:
    """A GET answers with a status below 300."""
    answer = requests.get(url, timeout=_TIMEOUT_SECONDS)
    if not answer.ok:
        raise NotReady(f"{url} answers {answer.status_code}: {answer.text[:500]}")


def partner_serves(url: str, token: str) -> None:
    """The control API answers; asked this way, the question is not in the journal."""
    headers = {"Authorization": f"Bearer {token}"}
    requests.get(f"{url}/_control/journal", headers=headers, timeout=_TIMEOUT_SECONDS).raise_for_status()
