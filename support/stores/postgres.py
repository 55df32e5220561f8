"""Rows in PostgreSQL, and how runs are stored there."""

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import sql

from support.oracles.canary import Sighting
from support.oracles.resources import DatabaseSession
from support.oracles.story import StoredRun

_TABLES = """
select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid join pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'public' and c.relkind in ('r', 'p') and a.attname = %s and not a.attisdropped order by 1
"""
# Rows of transactions that had not ended at the last look. The age of a transaction id is cheap to compare and knows
# of the counter's wrapping round.
_NEW_ROWS = """
select {name} as place, t.{owner}::text as tenant, m.marker
from {table} t cross join lateral (
  select distinct (regexp_matches(t::text, 'canary-[0-9a-f]{{12}}', 'g'))[1] as marker
) m where age(t.xmin) <= (select edge from looked) and t::text like '%%canary-%%'
"""
_RUNS = """
select id::text, user_id::text, tenant_id::text, status, started_at is not null, agent_name,
       split_part(traceparent, '-', 2), coalesce(extract(epoch from finished_at - started_at), 0)::float8,
       coalesce(extract(epoch from finished_at), 0)::float8, (usage ->> 'tool_calls')::int,
       (select coalesce(jsonb_object_agg(c.id, jsonb_build_array(c.status, c.duration_seconds)), '{}')
        from tool_calls c where c.run_id = r.id),
       jsonb_build_object('answer', answer, 'partial', partial, 'usage', usage, 'error', error),
       (select count(*) from messages m where m.run_id = r.id and m.role = 'assistant')
from runs r where tenant_id = any(%s::uuid[])
"""
_SESSIONS = """
select application_name, coalesce(state, ''), extract(epoch from clock_timestamp() - state_change)::float8,
       coalesce(wait_event_type = 'Lock', false)
from pg_stat_activity where backend_type = 'client backend' and state_change is not null
"""
_EDGE = "select (pg_snapshot_xmin(pg_current_snapshot())::text::numeric % 4294967296)::text"


class PostgresEyes:
    """Rows of every table that belongs to tenants, seen in the observer's role, which no policy hides anything from."""

    def __init__(self, url: str, owner_column: str) -> None:
        self._url = url
        self._owner = owner_column
        self._connection: psycopg.Connection[Any] | None = None
        self._edge: str | None = None
        self._query: sql.Composed | None = None
        self._tables: list[str] = []

    def look(self, tenants: Sequence[str]) -> tuple[list[Sighting], list[StoredRun]]:
        """Markers in rows written since the last look, and all runs of some tenants."""
        try:
            return self._look(tenants)
        except psycopg.OperationalError:
            # A scenario may have killed the server under this connection; a second failure is one.
            self.close()
            return self._look(tenants)

    def runs(self, tenants: Sequence[str]) -> list[StoredRun]:
        """All runs of some tenants."""
        return [StoredRun(*row) for row in self._connected().execute(_RUNS, [list(tenants)])] if tenants else []

    def sessions(self) -> list[DatabaseSession]:
        """The sessions of all clients."""
        return [DatabaseSession(*row) for row in self._connected().execute(_SESSIONS)]

    def every_run(self) -> frozenset[str]:
        """The ids of all runs there are."""
        return frozenset(id for (id,) in self._connected().execute("select id::text from runs"))

    def _look(self, tenants: Sequence[str]) -> tuple[list[Sighting], list[StoredRun]]:
        connection = self._connected()
        edge = self._edge
        row = connection.execute(_EDGE).fetchone()
        self._edge = row[0] if row else None
        found = [
            Sighting(f"the table {place}", tenant, frozenset({marker}))
            for place, tenant, marker in connection.execute(self._new_rows(connection), [edge or "3"])
        ]
        return found, self.runs(tenants)

    def _new_rows(self, connection: psycopg.Connection[Any]) -> sql.Composed:
        tables = (
            [name for (name,) in connection.execute(_TABLES, [self._owner])] if self._query is None else self._tables
        )
        if self._query is None or tables != self._tables:
            self._tables = tables
            owner = sql.Identifier(self._owner)
            parts = [
                sql.SQL(_NEW_ROWS).format(name=sql.Literal(name), table=sql.Identifier(name), owner=owner)
                for name in tables
            ]
            self._query = sql.SQL("with looked as (select age(%s::xid) as edge) {}").format(
                sql.SQL(" union all ").join(parts)
            )
        return self._query

    def _connected(self) -> psycopg.Connection[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(self._url, autocommit=True, connect_timeout=5)
        return self._connection

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
