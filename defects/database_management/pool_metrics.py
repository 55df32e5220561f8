"""Seeded defects of the figures of a pool (DBP-13)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from apex.storage import pool
from defects import Scenario
from defects._patching import around

load = Scenario("The metrics show the load that the database shows", service="backend")
beyond = Scenario("The metrics show connections beyond the size of the pool", service="backend")
waits = Scenario("The metrics count how long requests waited for a connection", service="backend")

_MATCH = "the pool metrics match the database"
_COUNTED = "the pool metrics count every wait with its duration"


def _shown(figure: str, change: Callable[[float], float]) -> None:
    """Show something else for one of the figures."""

    @around(pool, "_gauge")
    def _(original: Any, kind: str, name: str, documentation: str, value: float) -> Any:
        return original(kind, name, documentation, change(value) if name == figure else value)


@load.defect("DBP-13a", "the figures are those of the first time that somebody asked", step=_MATCH)
def _() -> None:
    first: dict[str, float] = {}

    @around(pool, "_gauge")
    def _(original: Any, kind: str, name: str, documentation: str, value: float) -> Any:
        return original(kind, name, documentation, first.setdefault(f"{kind} {name}", value))


@load.defect("DBP-13b", "connections count as used until they are closed", step=_MATCH)
def _() -> None:
    _shown("in_use", lambda _: sum(each.checkedin() + each.checkedout() for each in pool._POOLS if not each.reads))


@load.defect("DBP-13c", "nobody is ever shown to wait", step=_MATCH)
def _() -> None:
    _shown("waiting", lambda _: 0)


@load.defect("DBP-13d", "who uses a connection counts as waiting in the auth service", step=_MATCH, service="auth")
def _() -> None:
    _shown("waiting", lambda value: value + sum(each.checkedout() for each in pool._POOLS))


@load.defect("DBP-13e", "the size is that of the connections which are open", step=_MATCH)
def _() -> None:
    _shown("size", lambda value: value + sum(each.overflow() for each in pool._POOLS))


@beyond.defect("DBP-13f", "connections beyond the size of the pool are not shown", step=_MATCH)
def _() -> None:
    _shown("overflow", lambda _: 0)


@waits.defect("DBP-13g", "a wait is measured in milliseconds", step=_COUNTED)
def _() -> None:
    @around(pool.WAIT_SECONDS, "observe")
    def _(original: Any, seconds: float) -> None:
        original(seconds * 1_000)


@waits.defect("DBP-13h", "only waits that were in vain are counted", step=_COUNTED)
def _() -> None:
    @around(pool.WAIT_SECONDS, "observe")
    def _(original: Any, seconds: float) -> None:
        if seconds >= 2:
            original(seconds)


@waits.defect("DBP-13i", "the most connections that were ever used are shown as used", step=_MATCH)
def _() -> None:
    most = [0.0]

    def highest(value: float) -> float:
        most.append(max(most[-1], value))
        return most[-1]

    _shown("in_use", highest)
