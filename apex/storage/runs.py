"""Runs as they are stored, and how they end: the one place that writes a run's last state.

The end of a run, its message in the thread, its event and its analytics record are one transaction; the last two
leave through the outbox. Nothing secret outlives the run: neither what it was asked with nor what tools answered.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from apex.storage.stream import Event, rfc3339
from apex.storage.tables import messages, outbox, runs, tool_calls
from apex.tools.sanitising import hidden

QUEUED, RUNNING = "queued", "running"
COMPLETED, FAILED, TIMED_OUT, CANCELLED = "completed", "failed", "timed_out", "cancelled"
OUT_OF_TIME = {"code": "timed_out", "message": "The run took longer than its time limit.", "recoverable": True}
ENDED = (COMPLETED, FAILED, TIMED_OUT, CANCELLED)

RUN_QUEUED = "apex_run_queued"
RUN_CANCEL = "apex_run_cancel"
OUTBOX = "apex_outbox"
"""PostgreSQL channels: a run waits (its id), a running run is to be cancelled (its id), the outbox has news (topic)."""


@dataclass
class Ending:
    """How a run ends; ``message`` is what its thread is told."""

    status: str
    answer: dict[str, Any] | None = None
    partial: bool = False
    error: dict[str, Any] | None = None
    message: str | None = None
    cancelled_by: str | None = None

    def event_type(self) -> str:
        return {COMPLETED: "agent_completed", CANCELLED: "agent_cancelled"}.get(self.status, "agent_error")


def end_run(
    connection: Connection,
    run: Row[Any],
    ending: Ending,
    *,
    finished_at: datetime,
    steps: list[dict[str, Any]],
    usage: dict[str, Any] | None = None,
    run_sequence_floor: int = 0,
    untold: Sequence[Event] = (),
) -> Ending | None:
    """End ``run`` (a row of ``runs``) if it still is in the hands it was in; None, and nothing changed, if not.

    A worker that was taken for dead must not end a run that another has ended for it: the row has to be in the
    status and with the worker that ``run`` says.

    ``untold`` are events of the run that could not be published so far; they are delivered with its end, before it.

    Returns how it has ended: whatever its agent made of a cancellation that was accepted, the run is cancelled.
    """
    this = runs.c.id == run.id
    held = this & (runs.c.status == run.status) & runs.c.worker.is_not_distinct_from(run.worker)
    asked = select(runs.c.cancel_requested_at, runs.c.cancel_requested_by)
    found = connection.execute(asked.where(held).with_for_update()).first()
    if found is None:
        return None
    if found.cancel_requested_at is not None:
        ending = Ending(CANCELLED, cancelled_by=found.cancel_requested_by or run.user_id)
    connection.execute(
        update(runs)
        .where(this)
        .values(
            status=ending.status,
            input=hidden(run.input),
            answer=ending.answer,
            partial=ending.partial,
            error=ending.error,
            steps=steps,
            usage=usage,
            finished_at=finished_at,
            lease_expires_at=None,
        )
    )
    if ending.answer is not None:
        connection.execute(
            messages.insert().values(
                id=str(uuid.uuid4()),
                tenant_id=run.tenant_id,
                thread_id=run.thread_id,
                role="assistant",
                content=ending.message,
                data=ending.answer,
                run_id=run.id,
            )
        )
    seconds = (finished_at - run.started_at).total_seconds() if run.started_at else 0.0
    event = {
        "type": ending.event_type(),
        "user_id": run.user_id,
        "run_id": run.id,
        "thread_id": run.thread_id,
        "agent_name": run.agent_name,
        "timestamp": rfc3339(finished_at),
        "trace_id": trace_id_of(run),
        "request_id": run.request_id,
        "run_sequence_floor": run_sequence_floor,
        "ends_run": True,
        "payload": _payload(ending, usage, seconds),
        "before": [asdict(each) | {"run_sequence_floor": run_sequence_floor} for each in untold],
    }
    record = {
        "record_id": str(uuid.uuid4()),
        "run_id": run.id,
        "tenant_id": run.tenant_id,
        "user_id": run.user_id,
        "agent_name": run.agent_name,
        "status": ending.status,
        "duration_seconds": seconds,
        "tool_calls": usage["tool_calls"] if usage else _recorded_calls(connection, run),
        "trace_id": trace_id_of(run),
        "finished_at": rfc3339(finished_at),
    }
    connection.execute(
        outbox.insert(),
        [
            {"tenant_id": run.tenant_id, "topic": "events", "payload": event},
            {"tenant_id": run.tenant_id, "topic": "analytics", "payload": record},
        ],
    )
    connection.execute(select(func.pg_notify(OUTBOX, "events"), func.pg_notify(OUTBOX, "analytics")))
    forget_answers(connection, run)
    return ending


def _recorded_calls(connection: Connection, run: Row[Any]) -> int:
    """How many calls of a run are on record, for one that nobody has counted to its end."""
    query = select(func.count()).select_from(tool_calls).where(tool_calls.c.run_id == run.id)
    return int(connection.scalar(query) or 0)


def cancel_run(connection: Connection, run: Row[Any], cancelled_by: str) -> None:
    """Stop ``run``, a row that this transaction has locked; harmless when it has ended or is being stopped."""
    if run.status == QUEUED:
        end_run(connection, run, Ending(CANCELLED, cancelled_by=cancelled_by), finished_at=now(), steps=[])
    elif run.status == RUNNING:
        # Asked again while it is being stopped, it is the first who has stopped it.
        first = {"cancel_requested_at": run.cancel_requested_at or now()}
        first["cancel_requested_by"] = run.cancel_requested_by or cancelled_by
        connection.execute(update(runs).where(runs.c.id == run.id).values(first))
        connection.execute(select(func.pg_notify(RUN_CANCEL, run.id)))


def forget_answers(connection: Connection, run: Row[Any]) -> None:
    """Drop what tools have answered to the run: its agent, who alone might ask again, has done its work."""
    if run.started_at is not None:
        connection.execute(update(tool_calls).where(tool_calls.c.run_id == run.id).values(answer=None))


def trace_id_of(run: Row[Any]) -> str:
    """The trace id in the run's stored ``traceparent`` (``version-trace-span-flags``)."""
    trace_id: str = run.traceparent.split("-")[1]
    return trace_id


def now() -> datetime:
    """The present moment in UTC."""
    return datetime.now(UTC)


def _payload(ending: Ending, usage: dict[str, Any] | None, seconds: float) -> dict[str, Any]:
    if ending.status == COMPLETED:
        return {
            "answer": ending.answer,
            "partial": ending.partial,
            "usage": usage,
            "duration_seconds": seconds,
        }
    if ending.status == CANCELLED:
        return {"cancelled_by": ending.cancelled_by}
    return dict(ending.error or {})
