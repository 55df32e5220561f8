"""Rows in ClickHouse."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests

from support.oracles.canary import Sighting, tenant_of
from support.oracles.records import StoredJob

# Seconds.
_TIMEOUT = 5.0


class ClickHouseEyes:
    """Rows of every table; only parts that were not there at the last look are read.

    :param owner_columns: columns that say whose a row is; see :class:`support.platform.target.Ownership`.
    """

    def __init__(self, url: str, owner_columns: Sequence[str]) -> None:
        address = urlsplit(url)
        # The database stands in the path, where clients expect it; the HTTP interface wants it as a parameter.
        self._url = urlunsplit((address.scheme, address.netloc, "/", "", ""))
        self._database = address.path.strip("/")
        self._http = requests.Session()
        self._owners = list(owner_columns)
        self._owner_of: dict[str, str | None] = {}
        self._parts: frozenset[tuple[str, str]] = frozenset()

    def look(self, everybody: Mapping[str, str]) -> list[Sighting]:
        """Markers in rows of new parts.

        :param everybody: user id -> tenant id, of all users of this run.
        """
        parts = frozenset(
            (table, part)
            for table, part in self._rows(
                "select table, name from system.parts where active and database = currentDatabase()"
            )
        )
        fresh = parts - self._parts
        self._parts = parts
        found = []
        for table in sorted({table for table, _ in fresh}):
            names = ", ".join(f"'{part}'" for owner, part in sorted(fresh) if owner == table)
            found += [
                Sighting(f"the ClickHouse table {table}", tenant_of(owner, everybody), frozenset(markers))
                for owner, markers in self._rows(
                    f"select {self._owner(table)}, arrayDistinct(extractAll(toString(tuple(*)),"
                    f" 'canary-[0-9a-f]{{12}}')) as markers from {table}"
                    f" where _part in ({names}) and notEmpty(markers)"
                )
            ]
        return found

    def _owner(self, table: str) -> str:
        """What says whose a row of a table is."""
        if table not in self._owner_of:
            columns = {
                name
                for (name,) in self._rows(
                    f"select name from system.columns where database = currentDatabase() and table = '{table}'"
                )
            }
            self._owner_of[table] = next((name for name in self._owners if name in columns), None)
        owner = self._owner_of[table]
        return f"toString({owner})" if owner else "null"

    def jobs(self, runs: Collection[str]) -> list[StoredJob]:
        """The job records of some runs, each copy counted."""
        if not runs:
            return []
        ids = ", ".join(f"'{run}'" for run in sorted(runs))
        # Plainly, without FINAL: a record that is there twice is seen twice.
        query = (
            "select toString(run_id), toString(user_id), toString(tenant_id), toString(agent_name), toString(status),"
            " trace_id, tool_calls, duration_seconds, toUnixTimestamp64Micro(finished_at) / 1e6"
            f" from jobs where run_id in ({ids})"
        )
        return [StoredJob(*row) for row in self._rows(query)]

    def _rows(self, query: str) -> list[list[Any]]:
        answer = self._http.post(
            self._url,
            params={"database": self._database},
            data=f"{query} format JSONCompact".encode(),
            timeout=_TIMEOUT,
        )
        answer.raise_for_status()
        rows: list[list[Any]] = answer.json()["data"]
        return rows

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()
