"""Runs as a customer asks for them, follows them and stops them."""

from __future__ import annotations

import uuid
from typing import Any

from fastapi import APIRouter
from sqlalchemy import Connection, Row, func, select

from apex.agents import Agent as KnownAgent
from apex.agents import AgentRegistry
from apex.backend.models import Agent, Agents, NewRun, Run, Runs, Status
from apex.backend.paging import Cursor, Limit, after, next_cursor
from apex.backend.threads import KEPT, new_message, new_thread, own_thread
from apex.http.idempotency import once
from apex.http.identity import Caller, Identity, acting_as, as_of_now, reading_as, require_session
from apex.http.problems import Problem, not_found
from apex.http.routing import Repeating
from apex.http.values import Id
from apex.runtime.paths import Named, id_in_path
from apex.runtime.telemetry import request_id, traceparent
from apex.settings import Settings
from apex.storage.database import Database
from apex.storage.runs import RUN_QUEUED, cancel_run, trace_id_of
from apex.storage.tables import runs


def routes(database: Database, registry: AgentRegistry, settings: Settings) -> APIRouter:
    """The routes over ``database`` and the known agents."""
    router = APIRouter(route_class=Repeating)

    @router.get("/v1/agents", tags=["runs"])
    def agents(identity: Caller) -> Agents:
        """The agents that can be asked."""
        with reading_as(database, identity):
            return Agents(items=[Agent(name=agent.name, description=agent.description) for agent in registry])

    @router.post("/v1/runs", status_code=202, tags=["runs"])
    @once(database)
    def start(request: NewRun, identity: Caller) -> Run:
        """Ask an agent; without a thread, in a new one."""
        run_id = str(uuid.uuid4())
        limit = min(request.time_limit_seconds or settings.worker.run_seconds, settings.worker.run_seconds)
        with acting_as(database, identity, "runs:start") as connection:
            agent = known_agent(registry, request.agent_name)
            if request.thread_id is None:
                thread = new_thread(connection, identity, agent.description[:200])
            else:
                thread = own_thread(connection, identity, request.thread_id, KEPT)
            run = connection.execute(
                runs.insert()
                .values(
                    id=run_id,
                    tenant_id=identity.tenant_id,
                    user_id=identity.user_id,
                    thread_id=thread.id,
                    agent_name=agent.name,
                    input=request.input,
                    time_limit_seconds=limit,
                    caller=as_of_now(connection, identity).as_caller(),
                    traceparent=traceparent(),
                    request_id=request_id(),
                )
                .returning(runs)
            ).one()
            question = str(request.input.get("question") or agent.description)
            new_message(connection, identity.tenant_id, thread.id, question, run_id)
            # Whoever was removed since the first look has had their runs stopped without this one. From the insertion
            # on, which holds the user's row, a removal waits for this transaction, and sees the run.
            require_session(connection, identity)
            connection.execute(select(func.pg_notify(RUN_QUEUED, run_id)))
        return shown(run)

    @router.get("/v1/runs", tags=["runs"])
    def page(
        identity: Caller,
        thread_id: Id | None = None,
        status: Status | None = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Runs:
        """The caller's runs, newest first."""
        query = select(runs).where(runs.c.user_id == identity.user_id, *after(runs, cursor, newest_first=True))
        if status is not None:
            query = query.where(runs.c.status == status)
        with reading_as(database, identity) as connection:
            if thread_id is not None:
                query = query.where(runs.c.thread_id == own_thread(connection, identity, thread_id).id)
            query = query.order_by(runs.c.created_at.desc(), runs.c.id.desc()).limit(limit + 1)
            rows = list(connection.execute(query))
        return Runs(items=[shown(row) for row in rows[:limit]], next_cursor=next_cursor(rows, limit))

    @router.get("/v1/runs/{run_id}", tags=["runs"])
    def read(run_id: Named, identity: Caller) -> Run:
        """A run of the caller as it stands."""
        with reading_as(database, identity) as connection:
            return shown(own_run(connection, identity, run_id))

    @router.post("/v1/runs/{run_id}/cancel", status_code=202, tags=["runs"])
    def cancel(run_id: Named, identity: Caller) -> Run:
        """Stop a run; harmless when it has ended or is being stopped."""
        with acting_as(database, identity) as connection:
            cancel_run(connection, own_run(connection, identity, run_id, lock=True), identity.user_id)
            return shown(own_run(connection, identity, run_id))

    return router


def known_agent(registry: AgentRegistry, name: str) -> KnownAgent:
    """The agent of that name.

    Raises:
        Problem: 422, naming all agents, when there is none.
    """
    agent = registry.find(name)
    if agent is None:
        known = [agent.name for agent in registry]
        raise Problem(
            422,
            "unknown_agent",
            f"There is no agent of this name; the agents are {', '.join(known)}.",
            errors=[{"field": "agent_name", "message": "unknown agent"}],
            known_agents=known,
        )
    return agent


def own_run(connection: Connection, identity: Identity, run_id: str, *, lock: bool = False) -> Row[Any]:
    """The caller's run; 404 for whatever else the id may be."""
    query = select(runs).where(runs.c.id == id_in_path(run_id), runs.c.user_id == identity.user_id)
    row = connection.execute(query.with_for_update() if lock else query).first()
    if row is None:
        raise not_found()
    return row


def fields(row: Row[Any]) -> dict[str, Any]:
    """A stored run in the terms of the API."""
    ended = row.started_at is not None and row.finished_at is not None
    return {
        **row._mapping,
        "trace_id": trace_id_of(row),
        "progress": sum(1 for step in row.steps if step["duration_seconds"] is not None),
        "duration_seconds": (row.finished_at - row.started_at).total_seconds() if ended else None,
    }


def shown(row: Row[Any]) -> Run:
    """A stored run as its owner sees it."""
    return Run.model_validate(fields(row))
