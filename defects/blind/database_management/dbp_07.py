"""Blind defects of DBP-07."""

from __future__ import annotations

from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "DBP-07ua",
    "a connection is replaced after ten uses",
    service="backend",
    scenario="Fifty users share twenty connections",
    step="more than 95 % of all requests reuse a connection",
)
def _() -> None:
    # Observable: under load apex_database_connections_opened grows by a tenth of the transactions: reuse is 90 %.
    from sqlalchemy import event

    from apex.storage import database

    @around(database, "engine_of")
    def _(original: Any, *given: Any, **named: Any) -> Any:
        engine = original(*given, **named)

        @event.listens_for(engine, "checkin")
        def _used(connection: Any, entry: Any) -> None:
            entry.info["uses"] = entry.info.get("uses", 0) + 1
            if connection is not None and entry.info["uses"] >= 10:
                entry.invalidate()

        return engine


@blind_defect(
    "DBP-07ub",
    "of those who wait for a connection the last one comes first",
    service="backend",
    scenario="Waiting requests are served in turn",
    step="the conversations of Cumulus, Dorado, Ember and Fathom are created in this order",
)
def _() -> None:
    # Observable: with more customers at work than there are connections some are overtaken again and again: they wait
    # for as long as the load goes on, or get a 503 at the end of the wait budget, while most have no wait at all.
    from apex.storage.pool import Turns

    def give(self: Any) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.pop().set()
            else:
                self._free += 1

    replace(Turns, "give", give)
