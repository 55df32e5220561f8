"""Seeded defects of broken connections to the database (DBP-12)."""

from __future__ import annotations

from typing import Any

from apex.http import routing
from apex.storage import listener, pool
from apex.worker import relay
from defects import Scenario
from defects._patching import around, replace

requests = Scenario("Requests succeed at the first attempt after every connection broke")
log_out = Scenario("A log-out is still noticed after every connection broke", service="backend")
run = Scenario("A run requested after every connection broke completes", service="worker")

_IN_TIME = "the slowest response arrives within the target time for replacing a broken connection"
_CLOSED = "Acme's live connection is closed once notifications resume, because the session is over"


@requests.defect(
    "DBP-12a",
    "a connection of the pool is used without a look at it",
    step="every response is a success",
    service="analytics",
)
def _() -> None:
    _without_look()
    replace(routing, "repeated", lambda work, **others: work)


@requests.defect("DBP-12b", "the look at a connection has no time limit", step=_IN_TIME, service="auth")
def _() -> None:
    replace(pool, "_PING_SECONDS", 3.0)


@log_out.defect("DBP-12c", "who listens does not ask whether the connection is alive", step=_CLOSED)
def _() -> None:
    replace(listener, "_ALIVE_SECONDS", 600.0)


@log_out.defect("DBP-12d", "what happened while nobody listened is not looked up", step=_CLOSED)
def _() -> None:
    @around(listener.Listener, "__init__")
    def init(original: Any, self: Any, dsn: Any, name: str, channels: Any, on_connect: Any) -> None:
        original(self, dsn, name, channels, lambda: None)


@run.defect(
    "DBP-12e",
    "ends of runs are delivered when notified, and nobody is notified after a reconnect",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    replace(relay, "_IDLE_SECONDS", 3600.0)

    @around(listener.Listener, "_receive")
    def receive(original: Any, self: Any, connection: Any) -> None:
        try:
            original(self, connection)
        finally:
            self._channels = dict.fromkeys(self._channels, lambda payload: None)
            self._on_connect = lambda: None


def _without_look() -> None:
    @around(pool, "create_engine")
    def create_engine(original: Any, *arguments: Any, **options: Any) -> Any:
        return original(*arguments, **{**options, "pool_pre_ping": False})
