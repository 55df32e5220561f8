"""Blind defects of DBP-09."""

from __future__ import annotations

from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "DBP-09ra",
    "a replica that was away is left alone for half an hour",
    service="backend",
    scenario="Operators see that there is no replica",
    step="once the replica is back, every service reports this, and the replica answers Acme",
)
def _() -> None:
    # Observable: stop the replica, read something (the primary answers), start the replica again: reads go on at the
    # primary, and the statistics of the replica show none of the backend's for 2,000 s instead of 2 s.
    from apex.storage import database

    # In milliseconds, as nobody else here has them.
    replace(database, "_REPLICA_PAUSE_SECONDS", 2_000.0)


@blind_defect(
    "DBP-09ta",
    "what auth has written is not waited for by those who read from the replica",
    service="auth",
    scenario="Customers find what they have just written while the replica lags",
    step="everything is read as it was written, for as long as the replica lags",
)
def _() -> None:
    # Observable: with a replica whose replay is paused, a user of an existing organisation logs in and reads its
    # threads: 401, as the session is not there yet; and after a log-out the old token still reads (200).
    from apex.storage.database import Database

    @around(Database, "_mark")
    def _(original: Any, self: Any, marks: Any, connection: Any, tenant_id: str) -> None:
        """Nothing is read from the replica here."""


@blind_defect(
    "DBP-09ua",
    "two seconds after a write the replica is taken to have it",
    service="backend",
)
def _() -> None:
    # Noticed in most plays only: what other services write for the tenant can hide it.
    # Observable: with replay paused a customer's own write is there at first, and from two seconds after it on it is
    # gone from what they read, until the replica goes on.
    import time

    from apex.storage import marks

    marks._KEPT_SECONDS = 2

    @around(marks.Marks, "of")
    def _(original: Any, self: Any, tenant_id: str) -> int | None:
        needed: int | None = original(self, tenant_id)
        if needed is None and not self._untold and time.monotonic() >= self._away_until:
            return 0
        return needed


@blind_defect(
    "DBP-09ub",
    "a replica that has failed once is never asked again",
    service="backend",
    scenario="Operators see that there is no replica",
    step="once the replica is back, every service reports this, and the replica answers Acme",
)
def _() -> None:
    # Observable: after the replica was lost (or its connections were all in use for once) and is back, its statistics
    # stand still: everything is read from the primary until the backend is restarted.
    import math
    import time

    from apex.storage.database import Database

    @around(Database, "_on_replica")
    def _(original: Any, self: Any, *given: Any) -> Any:
        connection = original(self, *given)
        if time.monotonic() < self._replica_away_until:
            self._replica_away_until = math.inf
        return connection
