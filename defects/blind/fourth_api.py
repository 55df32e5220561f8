"""Blind defects of api, fourth round, written from the promises alone."""

from __future__ import annotations

from typing import Any

from defects import blind_defect
from defects._patching import around


@blind_defect(
    "API-01wa",
    "read over HTTP, a run's duration has the time in the queue in it",
    service="backend",
    scenario="A program starts a run, polls it and reads the result",
    step="the records oracle finds nothing",
)
def _() -> None:
    # Observable: duration_seconds is not finished_at - started_at, nor that of the agent_completed event.
    from apex.backend import runs

    @around(runs, "fields")
    def _(original: Any, row: Any) -> dict[str, Any]:
        told: dict[str, Any] = original(row)
        if told["duration_seconds"] is not None:
            told["duration_seconds"] = (row.finished_at - row.created_at).total_seconds()
        return told


@blind_defect("API-02wa", "the owner of an organisation can read everybody's threads", service="backend")
def _() -> None:
    # Observable: GET /v1/threads/{id} and its messages with the owner's token and a member's thread: 200.
    from sqlalchemy import select

    from apex.backend import threads
    from apex.runtime.paths import id_in_path
    from apex.storage.tables import threads as table

    @around(threads, "own_thread")
    def _(original: Any, connection: Any, identity: Any, thread_id: str, lock: Any = None) -> Any:
        row = None
        if identity.role == "owner" and lock is None:
            row = connection.execute(select(table).where(table.c.id == id_in_path(thread_id))).first()
        return row or original(connection, identity, thread_id, lock)


@blind_defect(
    "API-03wa", "who is removed cannot renew the session, but its access token is good to its end", service="auth"
)
def _() -> None:
    # Observable: remove a member, whose sockets close; the access token still reads and begins runs.
    from datetime import UTC, datetime

    from sqlalchemy import func, select, update

    from apex.auth.sessions import SESSION_ENDED, Sessions
    from apex.storage.tables import sessions

    @around(Sessions, "end")
    def _(original: Any, self: Any, connection: Any, session_ids: list[str], reason: str) -> None:
        if reason != "removed":
            original(self, connection, session_ids, reason)
            return
        these = update(sessions).where(sessions.c.id.in_(session_ids))
        connection.execute(these.values(expires_at=datetime.now(UTC), end_reason=reason))
        for session_id in session_ids:
            connection.execute(select(func.pg_notify(SESSION_ENDED, f"{session_id} {reason}")))


@blind_defect(
    "API-04wa",
    "in an Enterprise organisation every member may name the cloud account",
    service="backend",
    scenario="Every endpoint is open to the permitted roles and no others",
    step="every response follows the access rule of its endpoint",
)
def _() -> None:
    # Observable: PUT /v1/cloud-account as a member: 200 with the plan Enterprise, 403 with any other.
    from apex.backend import threads

    @around(threads, "acting_as")
    def _(original: Any, database: Any, identity: Any, permission: str | None = None) -> Any:
        is_trusted = identity.plan == "enterprise" and identity.role == "member"
        if permission == "cloud_account:manage" and is_trusted:
            permission = None
        return original(database, identity, permission)


@blind_defect("API-05wa", "who opens a socket with a wrong parameter is not told which", service="backend")
def _() -> None:
    # Observable: /v1/events?last_sequence=abc is refused with 422, errors empty.
    from fastapi.exceptions import WebSocketRequestValidationError

    from apex.http import problems

    @around(problems, "faults_of")
    def _(original: Any, error: Any) -> Any:
        return [] if isinstance(error, WebSocketRequestValidationError) else original(error)


@blind_defect(
    "API-06wa",
    "a run is shown as queued until its first steps are written down",
    service="backend",
    scenario="Status and progress of a run only move forward",
    step="the statuses that Acme has read only move forward, to the end",
)
def _() -> None:
    # Observable: agent_started has come, started_at is there, and GET /v1/runs/{id} says queued for up to a heartbeat.
    from apex.backend import runs

    @around(runs, "fields")
    def _(original: Any, row: Any) -> dict[str, Any]:
        told: dict[str, Any] = original(row)
        return {**told, "status": "queued"} if row.status == "running" and not row.steps else told


@blind_defect(
    "API-07wa",
    "what a partner says when it refuses is passed on to the customer",
    service="tools",
    scenario="A savings review without prices is partial and contains the usage",
    step="the answers oracle finds nothing",
)
def _() -> None:
    # Observable: a partner answers 500 with a stack trace; the run's error and tool_completed have its text.
    from apex.tools import dispatcher
    from apex.tools.errors import ToolError

    @around(dispatcher, "partners_client")
    def _(original: Any, seconds: float) -> Any:
        async def refused(response: Any) -> None:
            if response.status_code >= 400:
                said, status = (await response.aread()).decode(errors="replace")[:500], response.status_code
                raise ToolError(f"A partner's service refused the request: {said}", status >= 500 or status == 429)

        client = original(seconds)
        client.event_hooks = {"response": [refused]}
        return client


@blind_defect(
    "API-08wa",
    "only what changes something counts: a tenant may read as often as it likes",
    service="backend",
    scenario="Colleagues share the rate limit of their organisation",
    step="Acme and Ben of Acme together are served up to the limit of the plan",
)
def _() -> None:
    # Observable: a Free tenant sends a thousand GETs at once; none is answered with 429.
    from contextvars import ContextVar

    from apex.http.fair_use import FairUse
    from apex.runtime.service import RequestContext

    method: ContextVar[str] = ContextVar("method", default="")

    @around(RequestContext, "__call__")
    async def _(original: Any, self: Any, scope: Any, *of: Any) -> None:
        method.set(scope.get("method", ""))
        await original(self, scope, *of)

    @around(FairUse, "admit")
    async def _(original: Any, self: Any, tenant_id: str, plan: str) -> None:
        if method.get() not in ("GET", "HEAD"):
            await original(self, tenant_id, plan)
