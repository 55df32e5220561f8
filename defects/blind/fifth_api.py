"""Blind defects of api, fifth round, written from the promises alone."""

from __future__ import annotations

from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "API-01va",
    "the published document says of every value that it is never null",
    service="backend",
    scenario="A program starts a run, polls it and reads the result",
    step="every response conforms to the published API reference",
)
def _() -> None:
    # Observable: the answer to POST /v1/runs (answer, error, usage: null) does not match the live /openapi.json.
    from apex.http import problems

    @around(problems, "install")
    def install(original: Any, app: Any) -> None:
        original(app)
        generate = app.openapi

        def openapi() -> dict[str, Any]:
            document: dict[str, Any] = generate()
            for schema in document["components"]["schemas"].values():
                for kind in schema.get("properties", {}).values():
                    kinds = [each for each in kind.get("anyOf", ()) if each != {"type": "null"}]
                    if len(kinds) == 1:
                        del kind["anyOf"]
                        kind.update(kinds[0])
            return document

        app.openapi = openapi


@blind_defect(
    "API-02va",
    "whoever names a colleague's messages can move them out of the colleague's thread",
    service="backend",
    scenario="Other users cannot read, change or guess a conversation",
    step="<owner> conversation reads back as it was written",
)
def _() -> None:
    # Observable: POST /v1/threads/{own}/moves with a colleague's message_ids moves them into a thread of one's own.
    from sqlalchemy import update

    from apex.backend import threads
    from apex.http.problems import conflict
    from apex.storage.tables import messages

    @around(threads, "move_messages")
    def move_messages(original: Any, connection: Any, source_id: str, target_id: str, chosen: Any) -> int:
        if chosen is None:
            return int(original(connection, source_id, target_id, chosen))
        statement = update(messages).where(messages.c.id.in_(chosen)).values(thread_id=target_id)
        moved: int = connection.execute(statement).rowcount
        if moved != len(chosen):
            raise conflict("Not all of these messages are in the thread; none was moved.")
        return moved


@blind_defect(
    "API-03va",
    "who has logged out can still read the allowance, and book expenses on it",
    service="backend",
    scenario="Reusing a refresh token ends the session",
    step="every token of Acme's session is refused",
)
def _() -> None:
    # Observable: POST /v1/allowance/expenses is 201 with an access token whose session was logged out.
    from collections.abc import Iterator
    from contextlib import contextmanager

    from apex.backend import allowance
    from apex.http.identity import PERMISSIONS
    from apex.http.problems import permission_denied

    @contextmanager
    def acting_as(database: Any, identity: Any, permission: str | None = None) -> Iterator[Any]:
        if permission is not None and identity.role not in PERMISSIONS[permission]:
            raise permission_denied(permission)
        with database.tenant(identity.tenant_id) as connection:
            yield connection

    replace(allowance, "acting_as", acting_as)


@blind_defect(
    "API-04va",
    "what somebody of an organisation has been allowed once, all of its people are",
    service="backend",
    scenario="Every endpoint is open to the permitted roles and no others",
    step="every response follows the access rule of its endpoint",
)
def _() -> None:
    # Observable: a viewer's PUT /v1/allowance is refused before the owner's first one, and not any more after it.
    from apex.backend import allowance, operations, runs, threads, tools
    from apex.http.identity import PERMISSIONS

    allowed: set[tuple[str, str | None]] = set()

    def acting_as(original: Any, database: Any, identity: Any, permission: str | None = None) -> Any:
        asked = identity.tenant_id, permission
        if identity.role in PERMISSIONS.get(permission or "", ()):
            allowed.add(asked)
        return original(database, identity, None if asked in allowed else permission)

    for module in (allowance, operations, runs, threads, tools):
        around(module, "acting_as")(acting_as)


@blind_defect(
    "API-05va",
    "an amount that is sent as a number with cents loses them, and is not refused",
    service="backend",
    scenario="The error for an invalid request names the field",
    step="every response is a validation error that names the field",
)
def _() -> None:
    # Observable: {"amount": 12.5, ...} to POST /v1/allowance/expenses is 201 and books 12.00, where it should be 422.
    import math

    from apex.http import values

    def whole(value: Any) -> Any:
        return int(value) if isinstance(value, float) and math.isfinite(value) else value

    replace(values, "_whole", whole)


@blind_defect(
    "API-06va",
    "a run whose worker has died is shown as queued again until it has failed",
    service="backend",
    scenario="All runs of a lost worker fail in time",
    step="the answers oracle finds nothing",
)
def _() -> None:
    # Observable: kill the only worker amid a run and ask on; after eight seconds its status goes back to queued.
    from apex.backend import runs
    from apex.storage.runs import QUEUED, RUNNING, now

    @around(runs, "fields")
    def fields(original: Any, row: Any) -> dict[str, Any]:
        is_held = row.lease_expires_at is not None and row.lease_expires_at > now()
        return {**original(row), "status": QUEUED if row.status == RUNNING and not is_held else row.status}


@blind_defect(
    "API-07va",
    "the code of a fault of ours is the name of its exception",
    service="backend",
    scenario="Corrupted data is reported as an internal error",
    step="every response is an internal error with its request ID",
)
def _() -> None:
    # Observable: a statement that the database refuses (a right withdrawn) is answered 500 "programming_error".
    import re

    from apex.http import problems

    @around(problems, "unexpected")
    def unexpected(_: Any, request_id: str, error: Exception) -> Any:
        problems.log.error("request failed", exc_info=error)
        code: Any = re.sub("(?<=[a-z])(?=[A-Z])", "_", type(error).__name__).lower()
        return problems.answer(request_id, problems.Problem(500, code, "Something went wrong on our side."))


@blind_defect(
    "API-08va",
    "requests that are refused count as well: who keeps asking is never let in again",
    service="backend",
    scenario="A customer who changes to a larger plan is served at once",
    step="the answers oracle finds nothing",
)
def _() -> None:
    # Observable: a tenant that asks ten times a second is let in sixty times, and then not twice a second but never,
    # and neither are its colleagues who wait as they were told.
    import time

    from apex.http.buckets import Buckets

    @around(Buckets, "take")
    async def take(original: Any, self: Any, buckets: Any) -> float:
        wait: float = await original(self, buckets)
        if wait > 0:
            self._own.charge(buckets, time.monotonic())
            wait = max(wait, self._own.wait(buckets, time.monotonic()))
        return wait
