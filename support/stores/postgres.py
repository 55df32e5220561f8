"""Rows in PostgreSQL, and how runs are stored there."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from support.oracles.canary import Sighting, tenant_of
from support.oracles.resources import DatabaseSession
from support.oracles.story import StoredRun
from support.platform.target import Ownership

# Every table, and the first of the columns that say whose a row is.
_TABLES = """
select n.nspname, c.relname, (
  select a.attname from pg_attribute a
  where a.attrelid = c.oid and a.attname = any(%(columns)s::text[]) and not a.attisdropped
  order by array_position(%(columns)s::text[], a.attname::text) limit 1
)
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'm') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' order by 1, 2
"""
# Rows of transactions that had not ended at the last look. The age of a transaction id is cheap to compare and knows
# of the counter's wrapping round.
_NEW_ROWS = """
select {name} as place, {owner}::text as owner, m.marker
from {table} t cross join lateral (
  select distinct (regexp_matches(t::text, 'canary-[0-9a-f]{{12}}', 'g'))[1] as marker
) m where age(t.xmin) <= (select edge from looked) and t::text like '%%canary-%%'
"""
_SESSIONS = """
select coalesce(nullif(application_name, ''), usename), coalesce(state, ''),
       extract(epoch from clock_timestamp() - state_change)::float8, coalesce(wait_event_type = 'Lock', false)
from pg_stat_activity where backend_type = 'client backend' and state_change is not null
"""
# Where the next look begins, and what changes with every table that comes or goes.
_EDGE = """
select (pg_snapshot_xmin(pg_current_snapshot())::text::numeric % 4294967296)::text,
       array[count(*), max(oid::bigint)]
from pg_class where relkind in ('r', 'm')
"""


@dataclass(frozen=True, slots=True)
class OwnedTable:
    """A table, and whose its row ``t`` is; None where nothing says it."""

    name: str
    table: sql.Identifier
    owner: sql.Composable | None


def tables(connection: psycopg.Connection[Any], ownership: Ownership) -> Iterator[OwnedTable]:
    """Every table, by name."""
    for schema, table, column in connection.execute(_TABLES, {"columns": list(ownership.columns)}):
        owner: sql.Composable | None = sql.Identifier("t", column) if column else None
        if table in ownership.tables:
            # It comes from the target's description, as the statements do.
            owner = sql.SQL("({})").format(sql.SQL(ownership.tables[table]))
        name = table if schema == "public" else f"{schema}.{table}"
        yield OwnedTable(name, sql.Identifier(schema, table), owner)


class PostgresEyes:
    """Rows of every table, seen in the observer's role, which no policy hides anything from."""

    def __init__(self, url: str, ownership: Ownership) -> None:
        self._url = url
        self._ownership = ownership
        self._connection: psycopg.Connection[Any] | None = None
        self._edge: str | None = None
        self._query: sql.Composed | None = None
        self._tables: list[int] = []

    def look(self, tenants: Sequence[str], everybody: Mapping[str, str]) -> tuple[list[Sighting], list[StoredRun]]:
        """Markers in rows written since the last look, and all runs of some tenants.

        :param everybody: user id -> tenant id, of all users of this run.
        """
        try:
            return self._look(tenants, everybody)
        except psycopg.OperationalError:
            # A scenario may have killed the server under this connection; a second failure is one.
            self.close()
            return self._look(tenants, everybody)

    def runs(self, tenants: Sequence[str]) -> list[StoredRun]:
        """All runs of some tenants."""
        if not tenants:
            return []
        statement = self._ownership.runs.encode()
        return [StoredRun(*row) for row in self._connected().execute(statement, {"tenants": list(tenants)})]

    def sessions(self) -> list[DatabaseSession]:
        """The sessions of all clients."""
        return [DatabaseSession(*row) for row in self._connected().execute(_SESSIONS)]

    def every_run(self) -> frozenset[str]:
        """The ids of all runs there are."""
        return frozenset(id for (id,) in self._connected().execute(self._ownership.run_ids.encode()))

    def _look(self, tenants: Sequence[str], everybody: Mapping[str, str]) -> tuple[list[Sighting], list[StoredRun]]:
        connection = self._connected()
        edge = self._edge
        row = connection.execute(_EDGE).fetchone()
        self._edge, tables = row or (None, [])
        if tables != self._tables:
            self._query, self._tables = None, tables
        found = [
            Sighting(f"the table {place}", tenant_of(owner, everybody), frozenset({marker}))
            for place, owner, marker in connection.execute(self._new_rows(connection), [edge or "3"])
        ]
        return found, self.runs(tenants)

    def _new_rows(self, connection: psycopg.Connection[Any]) -> sql.Composed:
        if self._query is None:
            parts: list[sql.Composable] = [
                sql.SQL(_NEW_ROWS).format(
                    name=sql.Literal(each.name), table=each.table, owner=sql.NULL if each.owner is None else each.owner
                )
                for each in tables(connection, self._ownership)
            ]
            parts.append(sql.SQL("select null, null, null where false"))  # where there are no tables yet
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
