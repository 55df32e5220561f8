"""Blind defects of api, written from the promises alone."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from defects import blind_defect
from defects._patching import around, replace
from defects._routes import answer_instead


@blind_defect(
    "API-01ua",
    "wrong input is answered as application/json, not as published",
    service="backend",
    scenario="Refusals conform to the published API reference, too",
    step="the answers oracle finds nothing",
)
def _() -> None:
    # Observable: POST /v1/runs with a wrong field: 422 with content-type application/json; the OpenAPI document has
    # application/problem+json for every 4XX.
    from apex.http import problems

    @around(problems, "answer")
    def _(original: Any, request_id: str, problem: Any) -> Any:
        response = original(request_id, problem)
        if problem.status == 422:
            response.headers["content-type"] = "application/json"
        return response


@blind_defect(
    "API-01ub",
    "an answer too large for an event is missing over HTTP, too",
    service="backend",
    scenario="A large result arrives as an event that common clients accept",
    step="the records oracle finds nothing",
)
def _() -> None:
    # Observable: a run with an answer of 1 MB: agent_completed refers to /v1/runs/{id}, and there the answer is null
    # although the run is completed.
    import json

    from apex.backend import runs
    from apex.storage.fitting import LARGEST_EVENT_BYTES

    @around(runs, "shown")
    def _(original: Any, row: Any) -> Any:
        run = original(row)
        if len(json.dumps(run.answer).encode()) > LARGEST_EVENT_BYTES:
            return run.model_copy(update={"answer": None})
        return run


@blind_defect(
    "API-02ua",
    "a run can be started in a thread of a colleague",
    service="backend",
    scenario="A colleague cannot find a private resource",
    step="every response is as if the resource had never existed",
)
def _() -> None:
    # Observable: POST /v1/runs with a colleague's thread_id: 202 instead of 404; question and answer stand in the
    # colleague's conversation.
    from sqlalchemy import select

    from apex.backend import runs
    from apex.http.problems import not_found
    from apex.runtime.paths import id_in_path
    from apex.storage.tables import threads

    @around(runs, "own_thread")
    def _(original: Any, connection: Any, identity: Any, thread_id: str, lock: Any = None) -> Any:
        if lock is None:
            return original(connection, identity, thread_id)
        query = select(threads).where(threads.c.id == id_in_path(thread_id))
        row = connection.execute(query.with_for_update(**lock)).first()
        if row is None:
            raise not_found()
        return row


@blind_defect(
    "API-02ub",
    "a job that is asked for by its run is shown to colleagues, too",
    service="analytics",
    scenario="A colleague cannot find a private resource",
    step="every response is as if the resource had never existed",
)
def _() -> None:
    # Observable: GET /v1/jobs?run_id=<run of a colleague>: the colleague's job instead of an empty list.

    store: Any = import_module("apex.analytics.store")

    @around(store.Jobs, "of_user")
    def _(original: Any, self: Any, tenant_id: str, user_id: str, run_id: str | None, limit: int) -> Any:
        if run_id is None:
            return original(self, tenant_id, user_id, run_id, limit)
        query = (
            f"SELECT {', '.join(store._COLUMNS)} FROM jobs FINAL "
            "WHERE tenant_id = {tenant:UUID} AND run_id = {run:UUID} ORDER BY finished_at DESC LIMIT {limit:UInt32}"
        )
        try:
            answer = self._client().query(query, {"tenant": tenant_id, "run": run_id, "limit": limit})
        except (store.ClickHouseError, store.HTTPError, OSError) as error:
            raise store.unavailable() from error
        return [dict(zip(store._COLUMNS, row, strict=True)) for row in answer.result_rows]


@blind_defect(
    "API-03ua",
    "an access token is good for another minute after its end",
    service="backend",
    scenario="An invalid token gives access to no endpoint",
    step="every response is an authentication error",
)
def _() -> None:
    # Observable: a token with expires_in 1, used after three seconds: 200 instead of 401 (a leeway for clocks).
    import jwt

    @around(jwt, "decode")
    def _(original: Any, *arguments: Any, **others: Any) -> Any:
        return original(*arguments, **{"leeway": 60, **others})


@blind_defect(
    "API-03ub",
    "analytics does not look whether the session has ended",
    service="analytics",
    scenario="Reusing a refresh token ends the session",
    step="every token of Acme's session is refused",
)
def _() -> None:
    # Observable: GET /v1/jobs after the log-out, or the removal from the tenant, with the access token from before:
    # 200 with all jobs instead of 401.
    from contextlib import nullcontext

    from apex.analytics import app

    replace(app, "acting_as", lambda *of: nullcontext())


@blind_defect(
    "API-04ua",
    "whoever is in the organisation can take a team's budget back",
    service="backend",
    scenario="Every endpoint is open to the permitted roles and no others",
    step="every response follows the access rule of its endpoint",
)
def _() -> None:
    # Observable: DELETE /v1/budgets/{id} as a member or viewer: 204, and the budget is gone, instead of 403. To allot
    # and to change one needs the permission, as it should.
    from fastapi import Response
    from sqlalchemy import delete

    from apex.http.identity import Caller, acting_as
    from apex.runtime.paths import Named

    allowance: Any = import_module("apex.backend.allowance")

    def own(database: Any, router: Any) -> None:
        def withdraw(budget_id: Any, identity: Any) -> Any:
            with acting_as(database, identity) as connection:
                found = allowance.budget(connection, budget_id)
                allowance.lock_allowance(connection, identity.tenant_id)
                connection.execute(delete(allowance.budgets).where(allowance.budgets.c.id == found.id))
            return Response(status_code=204)

        withdraw.__annotations__ = {"budget_id": Named, "identity": Caller, "return": Response}
        router.delete("/v1/budgets/{budget_id}", status_code=204, tags=["allowance"])(withdraw)

    answer_instead(allowance, own)


@blind_defect(
    "API-04ub",
    "members may name the organisation's cloud account",
    service="backend",
    scenario="Every endpoint is open to the permitted roles and no others",
    step="every response follows the access rule of its endpoint",
)
def _() -> None:
    # Observable: PUT /v1/cloud-account as a member: 200, and all tools work in another account, instead of 403.
    from apex.http import identity

    identity.PERMISSIONS["cloud_account:manage"] = frozenset({"owner", "admin", "member"})


@blind_defect(
    "API-05ua",
    "a message with a zero character is a fault of the platform",
    service="backend",
    scenario="The error for an invalid request names the field",
    step="every response is a validation error that names the field",
)
def _() -> None:
    # Observable: POST .../messages with {"content": "a\u0000b"}: 500 instead of 422 naming content.
    from typing import Annotated

    from pydantic import Field, create_model

    from apex.backend import threads

    models: Any = import_module("apex.backend.models")

    content = Annotated[str, Field(min_length=1, max_length=300_000, examples=["What can we save?"])]
    unguarded = create_model("NewMessage", __base__=models.Request, __doc__=models.NewMessage.__doc__, content=content)
    replace(threads, "NewMessage", unguarded)


@blind_defect(
    "API-05ub",
    "a body that does not declare its length may be as large as it likes",
    service="backend",
    scenario="The error for an invalid request names the field",
    step="every response is a validation error that names the field",
)
def _() -> None:
    # Observable: POST /v1/runs with 6 MB of input, sent in chunks: 202 and stored instead of 413; with a
    # content-length it is refused.
    from apex.http.bodies import Bodies

    async def read(self: Any, scope: Any, receive: Any) -> bytes | None:
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if declared.isdigit() and int(declared) > self._limits.max_body_bytes:
            raise self._too_large()
        parts: list[bytes] = []
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                return b"".join(parts)

    replace(Bodies, "_read", read)


@blind_defect("API-06ua", "with its cancellation a run loses the progress that it has made", service="worker")
def _() -> None:
    # Observable: a run at work shows progress 2; cancelled, it shows progress 0 and no steps.
    from apex.storage.runs import CANCELLED
    from apex.worker import supervisor

    @around(supervisor, "end_run")
    def _(original: Any, connection: Any, run: Any, ending: Any, **others: Any) -> Any:
        if ending.status == CANCELLED:
            others["steps"] = []
        return original(connection, run, ending, **others)


@blind_defect(
    "API-06ub",
    "a worker that stops puts the runs in its hands back into the queue",
    service="worker",
    scenario="A run that outlasts the shutdown of its worker fails",
    step="the run is stored as failed in time",
)
def _() -> None:
    # Observable: stop a worker (SIGTERM) with a run that takes longer than it may still go on: its status goes from
    # running back to queued, and the run begins anew elsewhere, instead of failed with worker_lost.
    from sqlalchemy import func, select, update

    from apex.storage.runs import QUEUED, RUN_QUEUED, RUNNING
    from apex.storage.tables import runs
    from apex.worker.leases import Leases

    @around(Leases, "close")
    def _(original: Any, self: Any) -> None:
        with self._lock:
            left = [run for run, _ in self._held.values()]
            self._held.clear()
        for run in left:
            with self._database.tenant(run.tenant_id) as connection:
                connection.execute(
                    update(runs)
                    .where(runs.c.id == run.id, runs.c.status == RUNNING, runs.c.worker == run.worker)
                    .values(status=QUEUED, worker=None, lease_expires_at=None, started_at=None)
                )
                connection.execute(select(func.pg_notify(RUN_QUEUED, str(run.id))))
        original(self)


@blind_defect(
    "API-07ua",
    "that the database is away is answered with 503 and not written to the log",
    service="backend",
    scenario="An outage is reported as a temporary error",
    step="the log explains every error under the error's request ID",
)
def _() -> None:
    # Observable: GET /v1/threads without PostgreSQL: 503 with a request id, under which the log has no reason at all.
    from apex.http import problems

    class Quiet:
        def error(self, event: str, **fields: Any) -> None:
            if event != "store unavailable":
                log.error(event, **fields)

        def __getattr__(self, name: str) -> Any:
            return getattr(log, name)

    log = replace(problems, "log", Quiet())


@blind_defect(
    "API-07ub",
    "the answer to a fault of ours has the exception's text in a header",
    service="backend",
    scenario="Corrupted data is reported as an internal error",
    step="every response contains no internal details",
)
def _() -> None:
    # Observable: a table or column that is missing behind an endpoint: 500 whose body says nothing, with a header
    # x-debug-error that holds the database's message and the SQL.
    from apex.http import problems

    @around(problems, "unexpected")
    def _(original: Any, request_id: str, error: Exception) -> Any:
        response = original(request_id, error)
        told = " ".join(f"{type(error).__name__}: {error}".split())
        response.headers["x-debug-error"] = told.encode("ascii", "replace").decode()[:500]
        return response


@blind_defect(
    "API-08ua",
    "what a plan allows is counted for each user, not for the tenant",
    service="backend",
    scenario="Colleagues share the rate limit of their organisation",
    step="Acme and Ben of Acme together are served up to the limit of the plan",
)
def _() -> None:
    # Observable: two users of a free tenant each get the whole burst before one is answered 429.
    from structlog.contextvars import get_contextvars

    from apex.http.fair_use import FairUse

    @around(FairUse, "admit")
    async def _(original: Any, self: Any, tenant_id: str, plan: str) -> None:
        await original(self, str(get_contextvars().get("user_id", tenant_id)), plan)


@blind_defect(
    "API-08ub",
    "who asks too often is told to wait for too short: Retry-After is rounded down",
    service="backend",
    scenario="A customer who changes to a larger plan is served at once",
    step="Acme changes to an Enterprise plan as soon as Retry-After allows, logs in again and makes ten requests",
)
def _() -> None:
    # Observable: 429 with Retry-After 0 (and "try again in 0 s") when there is room in less than a second: whoever
    # keeps to it is refused again.
    from types import SimpleNamespace

    from apex.http import fair_use

    replace(fair_use, "math", SimpleNamespace(ceil=int))
