"""How a defect spoils the end of runs."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from apex.storage.runs import Ending
from apex.storage.tables import runs
from apex.worker import leases, supervisor
from defects._patching import around, replace


def never_written_again() -> None:
    """Have the worker give up a run's end that the database has interrupted."""

    @around(supervisor, "end_run")
    def end_run(original: Any, *arguments: Any, **others: Any) -> Any:
        try:
            return original(*arguments, **others)
        except OperationalError:
            raise RuntimeError("the database is gone") from None


def stored_as(status: str, wrong: str) -> None:
    """Have the worker store runs that ended in ``status`` in another, and tell the customer the right one."""

    def end_run(connection: Connection, run: Any, ending: Ending, **others: Any) -> Any:
        ended = original(connection, run, ending, **others)
        if ended and ending.status == status:
            connection.execute(runs.update().where(runs.c.id == run.id).values(status=wrong))
        return ended

    original = replace(supervisor, "end_run", end_run)
    replace(leases, "end_run", end_run)
