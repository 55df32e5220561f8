"""Blind defects of AEC-02."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "AEC-02qa",
    "a follow-up compares with the oldest answer of its thread",
    service="worker",
    scenario="A third run builds on the second",
    step="the answer states no change since the previous answer",
)
def _() -> None:
    # Observable: run the cost analysis three times in one thread, and change the inventory before each: "previous" of
    # the third names the run and the savings of the first, and "change" is counted from those. The second is right.
    from apex.agents import cost
    from apex.agents.agent import RunContext

    def previous(context: RunContext) -> dict[str, str] | None:
        for message in context.history:
            if message.data is not None and message.run_id is not None and "findings" in message.data:
                return {"run_id": message.run_id, "monthly_savings": message.data["monthly_savings"]}
        return None

    replace(cost, "_previous", previous)


@blind_defect(
    "AEC-02ua",
    "in a long thread a follow-up knows the oldest 50 messages, not the newest",
    service="worker",
    scenario="A third run builds on the second in a long conversation, too",
    step="the answer states no change since the previous answer",
)
def _() -> None:
    # Observable: a follow-up cost analysis in a thread with more than 50 messages; "previous" (and "change") is of an
    # early run, or missing, instead of the run before.
    from sqlalchemy import select

    from apex.agents.agent import Message
    from apex.storage.tables import messages
    from apex.worker import supervisor

    def read_history(database: Any, run: Any) -> list[Message]:
        query = (
            select(messages)
            .where(messages.c.thread_id == run.thread_id, messages.c.created_at < run.created_at)
            .order_by(messages.c.created_at, messages.c.id)
            .limit(50)
        )
        with database.tenant(run.tenant_id) as connection:
            rows = connection.execute(query).all()
        return [Message(row.role, row.content, row.data, row.run_id) for row in rows]

    replace(supervisor, "read_history", read_history)


@blind_defect(
    "AEC-02ub",
    "an answer stands in its thread at the time when its run began",
    service="worker",
    scenario="A follow-up states the change since the previous answer",
    step="the records oracle finds nothing",
)
def _() -> None:
    # Observable: write a message into the thread while the run is running; when the run has completed, its answer is
    # not the thread's newest message but stands before that one.
    from sqlalchemy import update

    from apex.storage.tables import messages
    from apex.worker import supervisor

    @around(supervisor, "end_run")
    def _(original: Any, connection: Any, run: Any, ending: Any, **others: Any) -> Any:
        ended = original(connection, run, ending, **others)
        answer = (messages.c.run_id == run.id) & (messages.c.role == "assistant")
        connection.execute(update(messages).where(answer).values(created_at=run.started_at))
        return ended


@blind_defect(
    "AEC-02va",
    "in a thread of more than fifty messages a follow-up knows the oldest fifty",
    service="worker",
    scenario="A third run builds on the second in a long conversation, too",
    step="the answer states no change since the previous answer",
)
def _() -> None:
    # Observable: after 50 messages and a finished cost analysis, a second one there has ``previous`` null.
    from sqlalchemy import select

    from apex.agents.agent import Message
    from apex.storage.tables import messages
    from apex.worker import supervisor

    def read_history(database: Any, run: Any) -> list[Message]:
        before = (messages.c.thread_id == run.thread_id, messages.c.created_at < run.created_at)
        query = select(messages).where(*before).order_by(messages.c.created_at, messages.c.id).limit(50)
        with database.tenant(run.tenant_id) as connection:
            return [Message(row.role, row.content, row.data, row.run_id) for row in connection.execute(query)]

    replace(supervisor, "read_history", read_history)


@blind_defect("AEC-02wa", "an answer that is moved to another thread is no run's any more", service="backend")
def _() -> None:
    # Observable: move an answer to another thread: its run_id is null, and a follow-up run there has no previous one.
    from sqlalchemy import update

    from apex.backend import threads
    from apex.storage.tables import messages

    @around(threads, "move_messages")
    def _(original: Any, connection: Any, source_id: str, target_id: str, chosen: Any) -> Any:
        moving = update(messages).where(messages.c.thread_id == source_id)
        if chosen is not None:
            moving = moving.where(messages.c.id.in_(chosen))
        connection.execute(moving.values(run_id=None))
        return original(connection, source_id, target_id, chosen)


@blind_defect(
    "AEC-02xa",
    "a thread keeps its ten newest runs: with the eleventh the first is gone",
    service="worker",
    scenario="A conversation keeps all of its runs",
    step="every run of Acme reads as completed",
)
def _() -> None:
    # Observable: the eleventh run of a thread ends; GET /v1/runs/{id} of the first answers 404.
    from sqlalchemy import delete, select

    from apex.storage.runs import ENDED
    from apex.storage.tables import runs
    from apex.worker import supervisor

    @around(supervisor, "end_run")
    def _(original: Any, connection: Any, run: Any, ending: Any, **others: Any) -> Any:
        ended = original(connection, run, ending, **others)
        here = runs.c.thread_id == run.thread_id
        newest = select(runs.c.id).where(here).order_by(runs.c.created_at.desc()).limit(10)
        connection.execute(delete(runs).where(here, runs.c.status.in_(ENDED), runs.c.id.not_in(newest)))
        return ended


@blind_defect(
    "AEC-02ya",
    "a follow-up passes over an earlier answer that found nothing to save",
    service="worker",
    scenario="A follow-up states the change since nothing was found",
    step="the answer states the change since the previous answer",
)
def _() -> None:
    # Observable: the newest answer of the thread has no findings; the next run's ``previous`` is null, or an older one.
    from apex.agents import cost

    def previous(context: Any) -> dict[str, str] | None:
        for message in reversed(context.history):
            if message.run_id is not None and message.data and message.data.get("findings"):
                return {"run_id": message.run_id, "monthly_savings": message.data["monthly_savings"]}
        return None

    replace(cost, "_previous", previous)


@blind_defect(
    "AEC-02yb",
    "read back, a partial answer is not marked as one",
    service="backend",
    scenario="A finished run is unchanged in the customer's next session",
    step="the records oracle finds nothing",
)
def _() -> None:
    # Observable: agent_completed says partial, the run as it is read afterwards says that it is whole.
    from apex.backend import runs

    @around(runs, "fields")
    def _(original: Any, row: Any) -> dict[str, Any]:
        return {**original(row), "partial": row.answer is not None and row.error is not None}


@blind_defect(
    "AEC-02zc",
    "a run belongs to the session that asked for it: after the next log-in it is not found",
    service="backend",
    scenario="A finished run is unchanged in the customer's next session",
    step="the run is unchanged",
)
def _() -> None:
    # Seen: log in anew, read the run: 404. The whole caller is compared (session, role, plan) instead of the person.
    from apex.backend import runs
    from apex.http.problems import not_found

    @around(runs, "own_run")
    def _(original: Callable[..., Any], connection: Any, identity: Any, *arguments: Any, **others: Any) -> Any:
        row = original(connection, identity, *arguments, **others)
        if row.caller != identity.as_caller():
            raise not_found()
        return row


@blind_defect(
    "AEC-02na",
    "with a new answer in its thread an earlier run loses its own answer",
    service="worker",
    scenario="A follow-up states the change since nothing was found",
    step="the answer states the change since the previous answer",
)
def _() -> None:
    # Observable: let a run complete, then a follow-up in its thread; GET /v1/runs/{id} of the first is still completed,
    # with its steps, and its answer is null. (The follow-up itself is right: it goes by the messages of the thread.)
    from apex.storage.tables import runs
    from apex.worker import supervisor

    @around(supervisor, "end_run")
    def _(original: Any, connection: Any, run: Any, *ending: Any, **others: Any) -> Any:
        ended = original(connection, run, *ending, **others)
        if ended is not None and ended.answer is not None:
            earlier = (runs.c.thread_id == run.thread_id) & (runs.c.status == "completed") & (runs.c.id != run.id)
            connection.execute(runs.update().where(earlier).values(answer=None))
        return ended
