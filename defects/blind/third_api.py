"""Blind defects of api, third round, written from the promises alone."""

from __future__ import annotations

import time
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "API-01xa",
    "a run in a list comes without its answer",
    service="backend",
    scenario="Runs can be listed by how they ended",
    step="each of Acme's runs is listed under its status alone",
)
def _() -> None:
    # Observable: GET /v1/runs?thread_id= has a completed run with answer null, GET /v1/runs/{id} has the answer.
    from apex.backend.models import Runs

    @around(Runs, "__init__")
    def _(original: Any, self: Any, *, items: list[Any], next_cursor: str | None) -> None:
        brief = [each.model_copy(update={"answer": None}) for each in items]
        original(self, items=brief, next_cursor=next_cursor)


@blind_defect(
    "API-02xa",
    "messages can be moved into a colleague's thread",
    service="backend",
    scenario="Other users cannot read, change or guess a conversation",
    step="every response is as if the conversation had never existed",
)
def _() -> None:
    # Observable: a move from one's own thread to a colleague's is answered with 200; the colleague finds the messages.
    from weakref import WeakSet

    from sqlalchemy import select

    from apex.backend import threads
    from apex.storage.tables import threads as table

    known: WeakSet[Any] = WeakSet()

    @around(threads, "own_thread")
    def _(original: Any, connection: Any, identity: Any, thread_id: str, lock: Any = None) -> Any:
        if connection in known:
            row = connection.execute(select(table).where(table.c.id == thread_id)).first()
            return row or original(connection, identity, thread_id, lock)
        known.add(connection)
        return original(connection, identity, thread_id, lock)


@blind_defect("API-03xa", "a token that was good once is good with whatever signature", service="backend")
def _() -> None:
    # Observable: use a token, then the same with another signature: it is accepted.
    from apex.http import identity

    known: dict[str, Any] = {}

    @around(identity, "verify")
    def _(original: Any, settings: Any, token: str) -> Any:
        claims = token.rpartition(".")[0]
        found = known.get(claims)
        if found is None or found.expires_at <= time.time():
            found = known[claims] = original(settings, token)
        return found


@blind_defect(
    "API-04xa",
    "who may not spend is told what is left before being refused",
    service="backend",
    scenario="Every endpoint is open to the permitted roles and no others",
    step="every response follows the access rule of its endpoint",
)
def _() -> None:
    # Observable: a viewer books more than is left, or a member allots too much: 409 allowance_exceeded, not 403.
    from collections.abc import Iterator
    from contextlib import contextmanager

    from apex.backend import allowance
    from apex.http.identity import PERMISSIONS
    from apex.http.problems import permission_denied

    @contextmanager
    def acting_as(database: Any, identity: Any, permission: str | None = None) -> Iterator[Any]:
        with original(database, identity) as connection:
            yield connection
            if permission is not None and identity.role not in PERMISSIONS[permission]:
                raise permission_denied(permission)

    original = replace(allowance, "acting_as", acting_as)


@blind_defect(
    "API-05xa",
    "only lists count as levels of nesting, objects do not",
    service="backend",
    scenario="The error for an invalid request names the field",
    step="every response is a validation error that names the field",
)
def _() -> None:
    # Observable: a run's input of 300 objects in one another is accepted; 300 lists are refused.
    import re

    from apex.http import bodies

    replace(bodies, "_TOKEN", re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*+"?|[\[\]]', re.DOTALL))


@blind_defect("API-06xa", "the progress of a run at work does not grow beyond three steps", service="worker")
def _() -> None:
    # Observable: a run of ten steps is polled: its progress stays at two or three, and jumps when it ends.
    from apex.worker.slot import _InHand

    @around(_InHand, "progress")
    def _(original: Any, self: Any) -> list[dict[str, Any]]:
        steps: list[dict[str, Any]] = original(self)
        return steps[-3:]


@blind_defect(
    "API-07xa",
    "while a store is away, a header of the answer says which, and where",
    service="backend",
    scenario="An outage is reported as a temporary error",
    step="every response contains no internal details",
)
def _() -> None:
    # Observable: PostgreSQL is stopped; answers of 503 have x-reason with the driver's error, host and port.
    import sys

    from apex.http import problems

    @around(problems, "unavailable")
    def _(original: Any, *of: Any) -> Any:
        problem, error = original(*of), sys.exc_info()[1]
        if error is not None:
            problem.headers["x-reason"] = " ".join(str(error).split())[:200].encode("ascii", "replace").decode()
        return problem


@blind_defect(
    "API-08xa",
    "a tenant that changes to another plan keeps the rate of its first",
    service="backend",
    scenario="A customer who changes to a larger plan is served at once",
    step="every response is a success",
)
def _() -> None:
    # Observable: a Free tenant asks, changes to Mid and renews its session: it is refused as a Free one is.
    from apex.http.fair_use import FairUse

    plans: dict[str, str] = {}

    @around(FairUse, "admit")
    def _(original: Any, self: Any, tenant_id: str, plan: str) -> Any:
        return original(self, tenant_id, plans.setdefault(tenant_id, plan))
