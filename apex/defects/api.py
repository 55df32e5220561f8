"""Seeded defects of the HTTP API (API)."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from types import SimpleNamespace
from typing import Any, Self

import jwt
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, ModelWrapValidatorHandler, model_validator
from sqlalchemy import Connection, Row, select, text, update
from sqlalchemy.exc import InterfaceError
from structlog.contextvars import get_contextvars

from apex import fair_use, identity, problems, service
from apex.auth import app as auth_app
from apex.auth.models import SignUp, Token
from apex.auth.sessions import Sessions
from apex.backend import app as backend_app
from apex.backend import operations as backend_operations
from apex.backend import runs as backend_runs
from apex.backend import threads as backend_threads
from apex.backend.models import NewRun
from apex.bodies import Bodies
from apex.database import Database
from apex.defects import defect
from apex.defects._patching import replace
from apex.fair_use import FairUse, OwnBuckets
from apex.identity import Identity
from apex.problems import Problem, permission_denied
from apex.settings import Rate, Requests
from apex.tables import runs, sessions, tenants, threads

# --- API-01 ----------------------------------------------------------------------------------------------------------


@defect(
    "API-01a",
    service="backend",
    summary="a run is shown under names that are not the published ones",
    scenario="A program asks, looks again until the run has ended, and reads the result",
    step="every answer on the way was as published",
)
def _() -> None:
    def shown(row: Row[Any]) -> Any:
        run = original(row).model_dump(mode="json")
        run["duration"] = run.pop("duration_seconds")
        return JSONResponse(run)

    original = replace(backend_runs, "shown", shown)


@defect(
    "API-01b",
    service="backend",
    summary="refusals come without the id of the request",
    scenario="What cannot be granted is answered as published, too",
    step="every answer on the way was as published",
)
def _() -> None:
    def answer(request_id: str, problem: Problem) -> JSONResponse:
        body = {"code": problem.code, "detail": problem.detail}
        return JSONResponse(body, problem.status, problem.headers, media_type="application/problem+json")

    replace(problems, "answer", answer)


# --- API-03 ----------------------------------------------------------------------------------------------------------


def _decoding(**lenient: Any) -> None:
    """Tokens are read with less care."""

    def decode(token: str, key: str, **options: Any) -> Any:
        options["options"] = {**options["options"], **lenient}
        return original(token, key, **options)

    original = replace(jwt, "decode", decode)


def _bad_token(id: str, summary: str) -> Callable[[Callable[[], None]], None]:
    return defect(
        id,
        service="backend",
        summary=summary,
        scenario="A bad token opens no door",
        step="every door stays closed",
    )


@_bad_token("API-03a", "for whom a token is meant is not checked")
def _() -> None:
    _decoding(verify_aud=False)


@_bad_token("API-03b", "who has issued a token is not checked")
def _() -> None:
    _decoding(verify_iss=False)


@_bad_token("API-03c", "the expiry of a token is not checked")
def _() -> None:
    _decoding(verify_exp=False)


@_bad_token("API-03d", "the signature of a token is not checked")
def _() -> None:
    _decoding(verify_signature=False)


@_bad_token("API-03e", "threads are shown to sessions that are over")
def _() -> None:
    replace(backend_threads, "acting_as", lambda database, caller, permission=None: database.tenant(caller.tenant_id))


@_bad_token("API-03f", "a new way in has been published without a guard")
def _() -> None:
    def create_app(*parts: Any, **options: Any) -> FastAPI:
        app: FastAPI = original(*parts, **options)
        app.get("/v1/newest-runs")(lambda: {"items": []})
        return app

    original = replace(backend_app, "create_app", create_app)


@defect(
    "API-03g",
    service="auth",
    summary="a refresh token is good for ever",
    scenario="A session goes on with new tokens",
    step="Acme has been given new tokens of both kinds",
)
def _() -> None:
    def refresh(self: Sessions, refresh_token: str) -> Token:
        token: Token = original(self, refresh_token)
        return token.model_copy(update={"refresh_token": refresh_token})

    original = replace(Sessions, "refresh", refresh)


@defect(
    "API-03h",
    service="auth",
    summary="nobody notices that a refresh token is used twice",
    scenario="A refresh token that is shown again ends the session",
    step="no token of Acme's session is of use any more",
)
def _() -> None:
    replace(Sessions, "_end_if_spent", lambda self, refresh_hash: None)


@defect(
    "API-03i",
    service="auth",
    summary="logging out closes connections but leaves the session as it is",
    scenario="After logging out nothing of the session is of use, and other sessions go on",
    step="no token of Acme's session is of use any more",
)
def _() -> None:
    replace(Sessions, "end", lambda self, connection, session_ids, reason: None)


@defect(
    "API-03j",
    service="auth",
    summary="logging out ends every session of the organisation",
    scenario="After logging out nothing of the session is of use, and other sessions go on",
    step="the other device is still let in",
)
def _() -> None:
    def end(self: Sessions, connection: Connection, session_ids: list[str], reason: str) -> None:
        original(self, connection, list(connection.scalars(select(sessions.c.id))), reason)

    original = replace(Sessions, "end", end)


# --- API-02 ----------------------------------------------------------------------------------------------------------


@defect(
    "API-02a",
    service="backend",
    summary="whose run it is is not checked where its state is asked",
    scenario="A colleague finds nothing of what is not shared",
    step="each way ends as if nothing were there",
)
def _() -> None:
    def own_run(connection: Connection, caller: Identity, run_id: str, *, lock: bool = False) -> Row[Any]:
        row = connection.execute(select(runs).where(runs.c.id == run_id)).first()
        return row if row is not None else original(connection, caller, run_id, lock=lock)

    original = replace(backend_runs, "own_run", own_run)


@defect(
    "API-02b",
    service="backend",
    summary="a run is looked for with the eyes of an operator",
    scenario="Another customer finds nothing",
    step="each way ends as if nothing were there",
)
def _() -> None:
    def own_run(connection: Connection, caller: Identity, run_id: str, *, lock: bool = False) -> Row[Any]:
        everybodys = text("SELECT * FROM runs_of_all_tenants(NULL, NULL, 10000)").columns(*runs.c)
        found = [row for row in connection.execute(everybodys) if row.id == run_id]
        return found[0] if found else original(connection, caller, run_id, lock=lock)

    original = replace(backend_runs, "own_run", own_run)


@defect(
    "API-02c",
    service="backend",
    summary="somebody else's thread is refused in other words than one that never existed",
    scenario="A colleague finds nothing of what is not shared",
    step="each way ends as if nothing were there",
)
def _() -> None:
    def own_thread(connection: Connection, caller: Identity, thread_id: str) -> Row[tuple[object, ...]]:
        if connection.scalar(select(threads.c.user_id).where(threads.c.id == thread_id)) not in (None, caller.user_id):
            raise Problem(404, "not_found", "This thread belongs to somebody else.")
        own: Row[tuple[object, ...]] = original(connection, caller, thread_id)
        return own

    original = replace(backend_threads, "own_thread", own_thread)


@defect(
    "API-02d",
    service="backend",
    summary="a colleague's thread is touched before it is seen whose it is",
    scenario="A colleague finds nothing of what is not shared",
    step="nothing of Acme's has changed",
)
def _() -> None:
    def routes(database: Database) -> Any:
        databases.append(database)
        return original_routes(database)

    def own_thread(connection: Connection, caller: Identity, thread_id: str) -> Row[tuple[object, ...]]:
        with databases[0].tenant(caller.tenant_id) as another:
            another.execute(update(threads).where(threads.c.id == thread_id).values(title=f"Seen by {caller.user_id}"))
        own: Row[tuple[object, ...]] = original(connection, caller, thread_id)
        return own

    original = replace(backend_threads, "own_thread", own_thread)
    databases: list[Database] = []
    original_routes = replace(backend_threads, "routes", routes)


# --- API-04 ----------------------------------------------------------------------------------------------------------


def _right(id: str, service: str, summary: str, step: str) -> Callable[[Callable[[], None]], None]:
    return defect(
        id,
        service=service,
        summary=summary,
        scenario="Every door is open to those who have the right, and closed to all others",
        step=step,
    )


_AS_RIGHTS_SAY = "each door was open or closed to each of them as the rights of their role say"


@_right("API-04a", "backend", "everybody may store usage, readers too", _AS_RIGHTS_SAY)
def _() -> None:
    everybody = frozenset({"owner", "admin", "member", "viewer", "operator"})
    replace(identity, "PERMISSIONS", {**identity.PERMISSIONS, "usage:write": everybody})


@_right("API-04b", "auth", "only owners may manage members, admins may not", _AS_RIGHTS_SAY)
def _() -> None:
    replace(identity, "PERMISSIONS", {**identity.PERMISSIONS, "members:manage": frozenset({"owner"})})


@_right("API-04c", "backend", "the way to the platform's connections has lost its guard", _AS_RIGHTS_SAY)
def _() -> None:
    replace(backend_operations, "acting_as", lambda database, caller, permission=None: database.platform())


@_right("API-04d", "backend", "a role is looked at when the work is done", "no closed door has let anything be changed")
def _() -> None:
    @contextmanager
    def too_late(database: Database, caller: Identity, permission: str | None = None) -> Iterator[Connection]:
        with original(database, caller) as connection:
            yield connection
        if permission is not None and caller.role not in identity.PERMISSIONS[permission]:
            raise permission_denied(permission)

    original = replace(backend_threads, "acting_as", too_late)


@_right(
    "API-04e",
    "backend",
    "who is refused is not told what is missing",
    "each who was refused was told which permission is missing",
)
def _() -> None:
    replace(identity, "permission_denied", lambda permission: Problem(403, "permission_denied", "You may not do this."))


@defect(
    "API-04f",
    service="backend",
    summary="a new way in has been published, and nobody has decided who may use it",
    scenario="No door has been forgotten",
    step="each door that is published has its rights written down",
)
def _() -> None:
    def create_app(*parts: Any, **options: Any) -> FastAPI:
        app: FastAPI = original(*parts, **options)

        def newest_threads(caller: identity.Caller) -> dict[str, Any]:
            return {"items": []}

        app.get("/v1/newest-threads")(newest_threads)
        return app

    original = replace(backend_app, "create_app", create_app)


@defect(
    "API-04g",
    service="backend",
    summary="a way in has moved, and its rights were left behind",
    scenario="No door has been forgotten",
    step="no rights are written down for a door that is not there",
)
def _() -> None:
    def create_app(*parts: Any, **options: Any) -> FastAPI:
        app: FastAPI = original(*parts, **options)
        publish = app.openapi

        def without_agents() -> dict[str, Any]:
            document = publish()
            return {**document, "paths": {path: how for path, how in document["paths"].items() if "agents" not in path}}

        replace(app, "openapi", without_agents)
        return app

    original = replace(backend_app, "create_app", create_app)


# --- API-05 ----------------------------------------------------------------------------------------------------------


def _mistake(
    id: str, summary: str, step: str = "each is refused with what is wrong named"
) -> Callable[[Callable[[], None]], None]:
    return defect(
        id,
        service="backend",
        summary=summary,
        scenario="What is wrong with a request is said by name",
        step=step,
    )


@_mistake("API-05a", "nobody looks whether a title is a text before it is stored")
def _() -> None:
    class AnyThread(BaseModel):
        title: Any

    replace(backend_threads, "NewThread", AnyThread)


@_mistake("API-05b", "a refusal does not say which field is wrong")
def _() -> None:
    replace(problems, "faults_of", lambda error: [])


@_mistake("API-05c", "what a run is given is stored without a look at its letters")
def _() -> None:
    class AnyRun(NewRun):
        input: dict[str, Any] = Field(default_factory=dict)

    replace(backend_runs, "NewRun", AnyRun)


def _limits(**changed: int) -> None:
    def lenient(self: Bodies, app: Any, limits: Requests) -> None:
        original(self, app, limits.model_copy(update=changed))

    original = replace(Bodies, "__init__", lenient)


@_mistake("API-05d", "a request may be as large as it likes")
def _() -> None:
    _limits(max_body_bytes=2**40)


@_mistake("API-05e", "a request may be nested as deeply as it likes")
def _() -> None:
    _limits(max_nesting=2**40)


@_mistake(
    "API-05f", "a conversation begins before the rest of the request is looked at", "nothing of Acme's has changed"
)
def _() -> None:
    def routes(database: Database, *parts: Any) -> Any:
        databases.append(database)
        return original(database, *parts)

    class EagerRun(NewRun):
        @model_validator(mode="wrap")
        @classmethod
        def _begin(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
            asked_by = get_contextvars()
            with databases[0].tenant(asked_by["tenant_id"]) as connection:
                owner = {"tenant_id": asked_by["tenant_id"], "user_id": asked_by["user_id"]}
                connection.execute(threads.insert().values(id=str(uuid.uuid4()), title="New conversation", **owner))
            return handler(value)

    databases: list[Database] = []
    original = replace(backend_runs, "routes", routes)
    replace(backend_runs, "NewRun", EagerRun)


@defect(
    "API-05g",
    service="auth",
    summary="an organisation is written before the rest of its sign-up is looked at",
    scenario="What is wrong with a request is said by name",
    step="nobody has become a customer by it",
)
def _() -> None:
    def application(process: Any, accounts: Any, sessions: Any, database: Database) -> FastAPI:
        databases.append(database)
        app: FastAPI = original(process, accounts, sessions, database)
        return app

    class EagerSignUp(SignUp):
        @model_validator(mode="wrap")
        @classmethod
        def _begin(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
            try:
                return handler(value)
            except ValueError:
                name = value.get("organisation") if isinstance(value, dict) else None
                if isinstance(name, str) and name.isprintable():
                    own = str(uuid.uuid4())
                    with databases[0].tenant(own) as connection:
                        connection.execute(tenants.insert().values(id=own, name=name, plan="free"))
                raise

    databases: list[Database] = []
    original = replace(auth_app, "application", application)
    replace(auth_app, "SignUp", EagerSignUp)


# --- API-06 ----------------------------------------------------------------------------------------------------------


def _told(change: Callable[[dict[str, Any]], None]) -> None:
    """Of every run something else is told than what is stored."""

    def fields(row: Row[Any]) -> dict[str, Any]:
        told: dict[str, Any] = original(row)
        change(told)
        return told

    original = replace(backend_runs, "fields", fields)


@defect(
    "API-06a",
    service="backend",
    summary="every third reader is told a state from a stale cache",
    scenario="State and progress move only forward",
    step="the states that Acme has read go only forward, to the end",
)
def _() -> None:
    def stale(told: dict[str, Any]) -> None:
        first, readers = cache.setdefault(told["id"], (told["status"], count()))
        if next(readers) % 3 == 2:
            told["status"] = first

    cache: dict[str, tuple[str, Any]] = {}
    _told(stale)


@defect(
    "API-06b",
    service="backend",
    summary="progress is told only when the run has ended",
    scenario="State and progress move only forward",
    step="the progress that Acme has read has grown with each answer",
)
def _() -> None:
    def silent(told: dict[str, Any]) -> None:
        if told["finished_at"] is None:
            told["progress"] = 0

    _told(silent)


@defect(
    "API-06c",
    service="backend",
    summary="a run that never existed is refused for want of a permission",
    scenario="A run that never existed is not found",
    step="Acme is told that there is nothing",
)
def _() -> None:
    replace(backend_runs, "not_found", lambda: permission_denied("runs:read"))


# --- API-07 ----------------------------------------------------------------------------------------------------------


def _breakdown(id: str, summary: str, step: str, service: str = "backend") -> Callable[[Callable[[], None]], None]:
    return defect(id, service=service, summary=summary, scenario="What lies behind the doors fails", step=step)


_PASSING = "each failure is told to be a passing one, under its request's number"
_NOTHING_INSIDE = "no answer shows anything of the inside"
_LOGGED = "the log has the detail of each failure under the same number"


@_breakdown("API-07a", "a database that cannot be reached is taken for a fault of ours", _PASSING)
def _() -> None:
    replace(problems, "OperationalError", InterfaceError)


@_breakdown("API-07b", "a failure is told under a number that nobody has seen before", _PASSING)
def _() -> None:
    def answer(request_id: str, problem: Problem) -> Any:
        return original(str(uuid.uuid4()), problem)

    original = replace(problems, "answer", answer)


@_breakdown("API-07c", "who cannot be answered is told which host did not answer", _NOTHING_INSIDE)
def _() -> None:
    replace(
        problems, "unavailable", lambda: Problem(503, "unavailable", "connection to server at 127.0.0.1 was refused")
    )


@_breakdown("API-07d", "nobody is told why the store of finished work did not answer", _LOGGED, "analytics")
def _() -> None:
    _say_nothing()


@defect(
    "API-07e",
    service="backend",
    summary="a fault of ours is told to customers in the exception's own words",
    scenario="What is stored makes no sense",
    step=_NOTHING_INSIDE,
)
def _() -> None:
    def unexpected(request_id: str, error: Exception) -> JSONResponse:
        problems.log.error("request failed", exc_info=error)
        return problems.answer(request_id, Problem(500, "internal_error", f"{type(error).__name__}: {error}"))

    replace(problems, "unexpected", unexpected)


@defect(
    "API-07f",
    service="backend",
    summary="a fault of ours leaves nothing in the log",
    scenario="What is stored makes no sense",
    step=_LOGGED,
)
def _() -> None:
    _say_nothing()


@defect(
    "API-07g",
    service="backend",
    summary="what is stored and makes no sense is left out, as if there were nothing",
    scenario="What is stored makes no sense",
    step="each failure is told to be a fault of ours, under its request's number",
)
def _() -> None:
    def unexpected(request_id: str, error: Exception) -> JSONResponse:
        problems.log.error("request failed", exc_info=error)
        return problems.answer(request_id, problems.not_found())

    replace(problems, "unexpected", unexpected)


def _say_nothing() -> None:
    class Silent:
        def error(self, event: str, **fields: Any) -> None:
            """Nobody hears of it."""

    replace(problems, "log", Silent())


# --- API-08 ----------------------------------------------------------------------------------------------------------


def _many(id: str, summary: str, step: str) -> Callable[[Callable[[], None]], None]:
    return defect(
        id,
        service="backend",
        summary=summary,
        scenario="Fifty people ask for different things, side by side",
        step=step,
    )


@_many(
    "API-08a",
    "who asks is remembered for a moment, for everybody who asks meanwhile",
    "everybody has been answered rightly, with nothing of anybody else's",
)
def _() -> None:
    def verify(settings: Any, token: str) -> Identity:
        if not known or time.monotonic() - known[-1][0] > 0.01:
            known.append((time.monotonic(), original(settings, token)))
        return known[-1][1]

    known: list[tuple[float, Identity]] = []
    original = replace(identity, "verify", verify)


@_many(
    "API-08b", "requests are numbered by the second in which they come", "no two things or answers bear the same name"
)
def _() -> None:
    replace(service, "uuid", SimpleNamespace(uuid4=lambda: int(time.time())))


@_many(
    "API-08c",
    "requests wait in line for each other, and each takes its time",
    "nearly all answers have come within the mixed requests budget",
)
def _() -> None:
    async def admit(self: FairUse, tenant_id: str, plan: str) -> None:
        async with line:
            await asyncio.sleep(0.2)

    line = asyncio.Lock()
    replace(FairUse, "admit", admit)


def _limit(id: str, summary: str, step: str) -> Callable[[Callable[[], None]], None]:
    return defect(
        id,
        service="backend",
        summary=summary,
        scenario="Who asks more than the plan allows is told when to come back, and nobody else is",
        step=step,
    )


_OTHERS_GRANTED = "Borealis and Cumulus have been granted everything"
_AS_PLANNED = "Acme has been granted what the plan allows, and was told when to come back"


def _admitting(as_whom: Callable[[str, str], tuple[str, str]]) -> None:
    async def admit(self: FairUse, tenant_id: str, plan: str) -> None:
        await original(self, *as_whom(tenant_id, plan))

    original = replace(FairUse, "admit", admit)


@_limit("API-08d", "all tenants of a plan share one bucket", _OTHERS_GRANTED)
def _() -> None:
    _admitting(lambda tenant_id, plan: (plan, plan))


@_limit("API-08e", "every plan is limited like the free one", _OTHERS_GRANTED)
def _() -> None:
    _admitting(lambda tenant_id, plan: (tenant_id, "free"))


@_limit("API-08f", "no plan is limited", _AS_PLANNED)
def _() -> None:
    _admitting(lambda tenant_id, plan: (tenant_id, "platform"))


@_limit("API-08g", "who is refused is not told when to come back", _AS_PLANNED)
def _() -> None:
    def rate_limited(seconds: int, burst: int, per_second: float) -> Problem:
        problem: Problem = original(seconds, burst, per_second)
        problem.headers.clear()
        return problem

    original = replace(fair_use, "rate_limited", rate_limited)


@_limit("API-08h", "each line of a tenant has a bucket of its own", _AS_PLANNED)
def _() -> None:
    numbers = count()
    _admitting(lambda tenant_id, plan: (f"{tenant_id}:{next(numbers) % 8}", plan))


@defect(
    "API-08i",
    service="backend",
    summary="what was refused is taken out of the bucket all the same",
    scenario="Who comes back when they were told to is answered again",
    step="Acme's request is granted",
)
def _() -> None:
    async def wait(self: FairUse, tenant_id: str, rate: Rate) -> float:
        seconds: float = await original(self, tenant_id, rate)
        asked[tenant_id] += 1
        return seconds or float(asked[tenant_id] > rate.burst)

    asked: Counter[str] = Counter()
    original = replace(FairUse, "_wait", wait)


@defect(
    "API-08j",
    service="backend",
    summary="who cannot be counted is refused",
    scenario="Where nobody can count, nobody is refused for it",
    step="each of these doors was open to Acme",
)
def _() -> None:
    replace(OwnBuckets, "take", lambda self, tenant_id, rate, now: 1.0)
