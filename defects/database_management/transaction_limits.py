"""Seeded defects of transactions over a limit of the database (DBP-05)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from apex.http import problems
from apex.runtime import service
from apex.storage import database, pool
from defects import Scenario
from defects._patching import around, replace

requests = Scenario("Every service ends a transaction over a database limit")
suspended = Scenario("Transactions that were idle too long are run again")
run = Scenario("A run with a transaction over a database limit still ends", service="worker")
migration = Scenario("A start whose migration waits for a lock fails and says so", service="backend")
hanging = Scenario("A database that hangs is reported by every service in time", service="analytics")

_ENDED = "the database has ended every such transaction in time, because of that limit"


def _without(setting: str) -> Callable[[], None]:
    """A service whose connections have not this limit."""

    def apply() -> None:
        @around(pool, "limits")
        def limits(original: Any, *arguments: Any, **others: Any) -> str:
            options = original(*arguments, **others).removeprefix("-c ").split(" -c ")
            return " ".join(f"-c {option}" for option in options if not option.startswith(setting))

    return apply


requests.defect("DBP-05a", "statements of the auth service have no limit", step=_ENDED, service="auth")(
    _without("statement_timeout")
)
requests.defect("DBP-05b", "lock waits of the analytics service have no limit", step=_ENDED, service="analytics")(
    _without("lock_timeout")
)
suspended.defect("DBP-05c", "idle transactions of the backend have no limit", step=_ENDED, service="backend")(
    _without("idle_in_transaction_session_timeout")
)


@requests.defect(
    "DBP-05d",
    "what exceeds a limit is reported as an outage",
    step="every response says that a database limit was exceeded",
    service="backend",
)
def _() -> None:
    replace(problems, "_OVER_LIMIT", ())


run.defect("DBP-05e", "lock waits of the worker have no limit", step=_ENDED)(_without("lock_timeout"))


@migration.defect("DBP-05f", "the limits are set for the services' role, not for the schema's owner", step=_ENDED)
def _() -> None:
    replace(database, "limits", lambda *arguments, **others: "")


@hanging.defect(
    "DBP-05g",
    "health waits for the database for as long as it hangs",
    step="every service has reported the database as unavailable in time",
)
def _() -> None:
    from apex.storage import pool

    # A connection that does not answer would be replaced before.
    replace(pool, "_PING_SECONDS", 60.0)
    replace(service, "_CHECK_SECONDS", 60.0)
