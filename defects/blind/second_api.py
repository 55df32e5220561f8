"""Blind defects of api, second round, written from the promises alone."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, Literal

import structlog

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "API-01ya",
    "runs cannot be listed by the status timed_out",
    service="backend",
    scenario="Runs can be listed by how they ended",
    step="each of Acme's runs is listed under its status alone",
)
def _() -> None:
    # Observable: GET /v1/runs?status=timed_out is refused with 422; the published document allows it.
    from apex.backend import runs

    replace(runs, "Status", Literal["queued", "running", "completed", "failed", "cancelled"])


@blind_defect(
    "API-01yb",
    "an answer that is too large for an event is not to be had over HTTP either",
    service="backend",
    scenario="A megabyte of text reads back complete",
    step="the stored result equals what the agent returned",
)
def _() -> None:
    # Observable: the completed event refers to /v1/runs/<id>, and there the answer is null.
    from apex.backend import runs
    from apex.storage.fitting import fitting

    @around(runs, "fields")
    def _fields(original: Any, row: Any) -> dict[str, Any]:
        known = original(row)
        return {**known, **fitting({"answer": known["answer"]}, known["id"])}


@blind_defect(
    "API-02ya",
    "who asks for runs in a colleague's thread gets an empty page, not a 404",
    service="backend",
    scenario="A colleague cannot find a private resource",
    step="every response is as if the resource had never existed",
)
def _() -> None:
    # Observable: GET /v1/runs?thread_id= with a colleague's thread: 200; with one that never was: 404.
    from sqlalchemy import select

    from apex.backend import runs
    from apex.http.problems import not_found
    from apex.runtime.paths import id_in_path
    from apex.storage.tables import threads

    @around(runs, "own_thread")
    def _own_thread(original: Any, connection: Any, identity: Any, thread_id: str, lock: Any = None) -> Any:
        if lock is not None:
            return original(connection, identity, thread_id, lock)
        row = connection.execute(select(threads).where(threads.c.id == id_in_path(thread_id))).first()
        if row is None:
            raise not_found()
        return row


@blind_defect(
    "API-02yb",
    "a run that has ended is kept in memory, and given to whoever asks for it",
    service="backend",
    scenario="Another customer finds no resource",
    step="every response is as if the resource had never existed",
)
def _() -> None:
    # Observable: the owner reads a completed run; then another tenant reads it under its id, too.
    from apex.backend import runs
    from apex.storage.runs import ENDED

    ended: dict[str, Any] = {}

    @around(runs, "own_run")
    def _own_run(original: Any, connection: Any, identity: Any, run_id: str, *, lock: bool = False) -> Any:
        if run_id in ended and not lock:
            return ended[run_id]
        row = original(connection, identity, run_id, lock=lock)
        if row.status in ENDED:
            ended[row.id] = row
        return row


@blind_defect(
    "API-03ya",
    "within ten seconds a refresh token can be used again",
    service="auth",
    scenario="Reusing a refresh token ends the session",
    step="the response is an authentication error",
)
def _() -> None:
    # Observable: the same refresh token twice: the second time is answered with tokens that work, not with 401.
    from apex.auth.sessions import Sessions

    given: dict[str, tuple[float, Any]] = {}

    @around(Sessions, "refresh")
    def _refresh(original: Any, self: Any, refresh_token: str) -> Any:
        at, token = given.get(refresh_token, (0.0, None))
        if token is None or time.monotonic() - at > 10:
            token = original(self, refresh_token)
            given[refresh_token] = (time.monotonic(), token)
        return token


@blind_defect(
    "API-03yb",
    "analytics does not ask whether the session of a token has ended",
    service="analytics",
    scenario="Reusing a refresh token ends the session",
    step="every token of Acme's session is refused",
)
def _() -> None:
    # Observable: after a log-out GET /v1/jobs still answers with 200.
    from apex.analytics import app

    replace(app, "acting_as", lambda *_: nullcontext())


@blind_defect(
    "API-04ya",
    "as long as no cloud account is named, everybody may name one",
    service="backend",
)
def _() -> None:
    # Observable: in a new organisation a viewer's PUT /v1/cloud-account is answered with 200.
    from sqlalchemy import select

    from apex.backend import threads
    from apex.http.identity import PERMISSIONS
    from apex.http.problems import permission_denied
    from apex.storage.tables import tenants

    original = vars(threads)["acting_as"]

    @contextmanager
    def acting_as(database: Any, identity: Any, permission: str | None = None) -> Iterator[Any]:
        with original(database, identity) as connection:
            is_lacking = permission is not None and identity.role not in PERMISSIONS[permission]
            named = permission != "cloud_account:manage" or connection.scalar(select(tenants.c.cloud_account))
            if permission is not None and is_lacking and named:
                raise permission_denied(permission)
            yield connection

    replace(threads, "acting_as", acting_as)


@blind_defect(
    "API-04yb",
    "a session that is renewed has the role of the organisation's first person",
    service="auth",
    scenario="A renewed session has the role of its user",
    step="the response is a permission error",
)
def _() -> None:
    # Observable: a viewer goes on with the refresh token, and may do what only owners may.
    from sqlalchemy import select

    from apex.auth.sessions import Sessions
    from apex.storage.tables import users

    renewing = threading.local()

    @around(Sessions, "refresh")
    def _refresh(original: Any, self: Any, refresh_token: str) -> Any:
        renewing.now = True
        try:
            return original(self, refresh_token)
        finally:
            renewing.now = False

    @around(Sessions, "_token")
    def _token(original: Any, self: Any, session_id: str, tenant_id: str, user_id: str, role: str, *more: Any) -> Any:
        if getattr(renewing, "now", False):
            with self._database.tenant(tenant_id) as connection:
                role = connection.scalars(select(users.c.role).order_by(users.c.created_at)).first()
        return original(self, session_id, tenant_id, user_id, role, *more)


@blind_defect(
    "API-05ya",
    "a run's time limit may be anything that can be read as a number",
    service="backend",
    scenario="The error for an invalid request names the field",
    step="every response is a validation error that names the field",
)
def _() -> None:
    # Observable: POST /v1/runs with "time_limit_seconds": "5" or true is accepted, and a run begins.
    from apex.backend.models import NewRun

    NewRun.model_config = {**NewRun.model_config, "strict": False}
    NewRun.model_rebuild(force=True)


@blind_defect(
    "API-05yb",
    "of a wrong field only the last part of its path is named",
    service="backend",
    scenario="The error for an invalid request names the field",
    step="every response is a validation error that names the field",
)
def _() -> None:
    # Observable: of a hundred usage records one has a wrong cost: the answer says "cost", not "records.57.cost".
    from apex.http import problems

    @around(problems, "_field")
    def _field(original: Any, *of: Any) -> str:
        return str(original(*of)).rpartition(".")[2]


@blind_defect(
    "API-06ya",
    "the progress of a run counts the steps of the agent at work only",
    service="backend",
)
def _() -> None:
    # Observable: polled while the cost analysis works for the advisor, progress goes back when it hands over.
    from apex.backend import runs

    @around(runs, "fields")
    def _fields(original: Any, row: Any) -> dict[str, Any]:
        done = [step for step in row.steps if step["duration_seconds"] is not None]
        present = [step for step in done if step["agent_name"] == row.steps[-1]["agent_name"]]
        return {**original(row), "progress": len(present)}


@blind_defect(
    "API-06yb",
    "the state of a run cannot be asked while Redis is away",
    service="backend",
    scenario="Rate limiting refuses nobody while Redis is unreachable",
    step="every response is a success",
)
def _() -> None:
    # Observable: stop Redis; GET /v1/runs/<id> of a run that is there is answered with 503.
    import redis

    from apex.backend import runs
    from apex.http.problems import unavailable

    @around(runs, "routes")
    def _routes(original: Any, database: Any, registry: Any, settings: Any) -> Any:
        live = redis.Redis.from_url(settings.redis.url.get_secret_value(), socket_timeout=2, socket_connect_timeout=2)

        @around(runs, "own_run")
        def _own_run(own_run: Any, connection: Any, identity: Any, run_id: str, **how: Any) -> Any:
            try:
                live.exists(f"run:{run_id}")
            except redis.RedisError as error:
                raise unavailable() from error
            return own_run(connection, identity, run_id, **how)

        return original(database, registry, settings)


@blind_defect(
    "API-07ya",
    "who sends something wrong is sent it back, a password too",
    service="auth",
    scenario="The error for an invalid request names the field",
    step="every response is a validation error that names the field",
)
def _() -> None:
    # Observable: sign up with a password that is too short: the answer holds the password.
    from apex.http import problems

    @around(problems, "faults_of")
    def _faults_of(original: Any, error: Any) -> list[dict[str, str]]:
        return [
            {**told, "message": f"{told['message']} (this was {fault['input']!a})"}
            for told, fault in zip(original(error), error.errors(), strict=True)
        ]


@blind_defect("API-07yb", "health says of what does not answer what went wrong there", service="backend")
def _() -> None:
    # Observable: stop PostgreSQL; GET /health/ready shows everybody its address, role and error.
    from apex.runtime.service import Dependencies

    original = Dependencies._result

    def _result(name: str, answer: Any, seconds: float) -> str:
        result = original(name, answer, seconds)
        return f"failing: {answer.exception()}" if result == "failing" else result

    replace(Dependencies, "_result", staticmethod(_result))


@blind_defect(
    "API-08ya",
    "each person of a tenant may ask as often as the plan allows the tenant",
    service="backend",
    scenario="Colleagues share the rate limit of their organisation",
    step="Acme and Ben of Acme together are served up to the limit of the plan",
)
def _() -> None:
    # Observable: two colleagues together ask twice as often as their plan allows, and neither sees a 429.
    from apex.http.fair_use import FairUse

    @around(FairUse, "admit")
    async def _admit(original: Any, self: Any, tenant_id: str, plan: str) -> None:
        user_id = structlog.contextvars.get_contextvars().get("user_id", "")
        await original(self, f"{tenant_id}:{user_id}", plan)


@blind_defect(
    "API-08yb",
    "analytics can be asked as often as somebody likes",
    service="analytics",
    scenario="A rate limit holds for every service",
    step="Acme is served as often as the limit was refilled meanwhile, and is refused otherwise",
)
def _() -> None:
    # Observable: on the free plan a thousand GET /v1/jobs at once are all answered with 200.
    from apex.http.fair_use import FairUse

    async def admit(*_: Any) -> None:
        return

    replace(FairUse, "admit", admit)
