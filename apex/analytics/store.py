"""The job records in ClickHouse."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlsplit

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from pydantic import AfterValidator, Field, PlainSerializer
from urllib3.exceptions import HTTPError

from apex.config.layers import Fault, SettingsError
from apex.http.problems import unavailable
from apex.http.values import AsWhole, Id, Moment, Request, ShortText
from apex.settings import ClickHouse
from apex.storage.stream import rfc3339

_ASKED_AT_ONCE = 1_000

# A record that is delivered twice has the same key: reads with FINAL see it once.
_TABLE = """
CREATE TABLE IF NOT EXISTS jobs (
    record_id UUID,
    tenant_id UUID,
    user_id UUID,
    run_id UUID,
    agent_name LowCardinality(String),
    status LowCardinality(String),
    duration_seconds Float64,
    tool_calls UInt32,
    trace_id String,
    finished_at DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree ORDER BY (tenant_id, record_id)
"""


# What the column can hold.
_MOST_CALLS = 2**32 - 1


def _in_utc(moment: datetime) -> datetime:
    """ClickHouse keeps UTC, and its client does not say so of what it reads."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class Job(Request):
    """What is recorded of a run that has ended."""

    record_id: Id
    tenant_id: Id
    user_id: Id
    run_id: Id
    agent_name: ShortText
    status: ShortText
    duration_seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    tool_calls: Annotated[int, Field(ge=0, le=_MOST_CALLS), AsWhole]
    trace_id: ShortText
    finished_at: Annotated[Moment, AfterValidator(_in_utc), PlainSerializer(rfc3339, when_used="json")]


_COLUMNS = list(Job.model_fields)


class Jobs:
    """Job records; every read is of one user, as runs are."""

    def __init__(self, settings: ClickHouse) -> None:
        self._dsn = settings.url.get_secret_value()
        # A client serves one thread at a time.
        self._local = threading.local()
        self._adding = threading.Lock()

    def prepare(self, environment: str) -> None:
        """Create the table if it is missing; it belongs to the environment that has created it.

        Raises:
            SettingsError: it belongs to another environment.
        """
        self._client().command(f"{_TABLE} COMMENT '{environment}'")
        found = str(
            self._client().command(
                "SELECT comment FROM system.tables WHERE name = 'jobs' AND database = currentDatabase()"
            )
        )
        if found not in ("", environment):
            reason = f"this ClickHouse belongs to the environment {found}, and this is {environment}"
            raise SettingsError([Fault("", "clickhouse.url", reason)])

    def check(self) -> None:
        """Raise unless ClickHouse answers a query."""
        self._client().command("SELECT 1")

    def add(self, jobs: list[Job]) -> None:
        """Store the records; adding one again changes nothing."""
        try:
            # One batch at a time: a record may be sent again while its first arrival is still being stored.
            with self._adding:
                rows = [[getattr(job, column) for column in _COLUMNS] for job in self._unknown(jobs)]
                if rows:
                    self._client().insert("jobs", rows, column_names=_COLUMNS)
        except (ClickHouseError, HTTPError, OSError) as error:
            raise unavailable() from error

    def _unknown(self, jobs: list[Job]) -> list[Job]:
        """Those that are not stored yet, each once."""
        sent = {job.record_id: job for job in jobs}
        ids = list(sent)
        for first in range(0, len(ids), _ASKED_AT_ONCE):
            batch = [sent[record_id] for record_id in ids[first : first + _ASKED_AT_ONCE]]
            # The model lets nothing but UUIDs through; so many of them are too long to be parameters in an address.
            keys = ", ".join(f"('{job.tenant_id}', '{job.record_id}')" for job in batch)
            answer = self._client().query(f"SELECT record_id FROM jobs WHERE (tenant_id, record_id) IN ({keys})")
            for (record_id,) in answer.result_rows:
                sent.pop(str(record_id), None)
        return list(sent.values())

    def of_user(self, tenant_id: str, user_id: str, run_id: str | None, limit: int) -> list[dict[str, Any]]:
        """The newest records of the user's own runs."""
        only = "AND run_id = {run:UUID}" if run_id else ""
        query = (
            f"SELECT {', '.join(_COLUMNS)} FROM jobs FINAL "
            f"WHERE tenant_id = {{tenant:UUID}} AND user_id = {{user:UUID}} {only} "
            "ORDER BY finished_at DESC LIMIT {limit:UInt32}"
        )
        try:
            answer = self._client().query(query, {"tenant": tenant_id, "user": user_id, "run": run_id, "limit": limit})
        except (ClickHouseError, HTTPError, OSError) as error:
            raise unavailable() from error
        return [dict(zip(_COLUMNS, row, strict=True)) for row in answer.result_rows]

    def _client(self) -> Client:
        client: Client | None = getattr(self._local, "client", None)
        if client is None:
            client = clickhouse_connect.get_client(
                dsn=self._dsn,
                # The library takes everything but the scheme from an address.
                interface=urlsplit(self._dsn).scheme,
                connect_timeout=2,
                send_receive_timeout=30,
            )
            self._local.client = client
        return client
