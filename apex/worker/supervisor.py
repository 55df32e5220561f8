"""Carries one run out: within its time limit, until it is cancelled, whatever its agent does."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import structlog
from prometheus_client import Counter, Histogram
from redis.exceptions import RedisError
from sqlalchemy import Row, select
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from apex.agents import Agent, AgentRegistry, ToolFailed
from apex.runtime.discovery import Directory
from apex.settings import Settings
from apex.storage.database import Database
from apex.storage.repeating import UnknownOutcome, repeated
from apex.storage.runs import CANCELLED, COMPLETED, FAILED, OUT_OF_TIME, TIMED_OUT, Ending, end_run
from apex.storage.storable import kept
from apex.storage.stream import EventStream
from apex.storage.tables import runs
from apex.worker.execution import Execution, read_history
from apex.worker.toolbox import Toolbox
from apex.worker.tracker import Tracker

log = structlog.get_logger()

RUNS_ENDED = Counter("apex_runs_ended", "Runs ended by this worker", ["agent", "status"])
RUN_SECONDS = Histogram("apex_run_seconds", "Time from the start of a run to its end", ["agent"])


class Supervisor:
    """Bound to one slot; ``tracker`` is that of the run in hand."""

    def __init__(
        self,
        database: Database,
        stream: EventStream,
        registry: AgentRegistry,
        directory: Directory,
        settings: Settings,
        worker: str,
    ) -> None:
        self._database, self._stream, self._registry, self._directory = database, stream, registry, directory
        self._settings, self._worker = settings, worker
        self._toolbox: Toolbox | None = None
        self.tracker: Tracker | None = None

    async def carry_out(self, run: Row[Any]) -> None:
        """Run the agent and end the run. Cancelling this coroutine is the customer's wish to stop."""
        self._toolbox = self._toolbox or Toolbox(self._settings, self._directory)
        agent = self._registry.find(run.agent_name)
        self.tracker = tracker = Tracker(run, self._stream)
        try:
            ending = await self._ending(run, agent, tracker, self._toolbox)
            self._end(run, ending, tracker)
        finally:
            self.tracker = None

    async def _ending(self, run: Row[Any], agent: Agent | None, tracker: Tracker, toolbox: Toolbox) -> Ending:
        """How the run ends, whatever its agent does. What a cancellation is, only the one who asked for it knows."""
        limit = asyncio.timeout(run.time_limit_seconds)
        try:
            if agent is None:
                raise LookupError(f"no agent named {run.agent_name} in this deployment")
            async with limit:
                answer = await self._perform(run, agent, tracker, toolbox)
            if limit.expired():  # whatever an agent makes of its cancellation
                return Ending(TIMED_OUT, error=OUT_OF_TIME)
            return Ending(COMPLETED, answer=kept(answer), partial=tracker.partial, message=kept(agent.tell(answer)))
        except BaseException as error:
            task = asyncio.current_task()
            if limit.expired():
                return Ending(TIMED_OUT, error=OUT_OF_TIME)
            if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
                return Ending(CANCELLED, cancelled_by=run.user_id)
            # Also what is meant to end a process: an agent ends nothing but its own run.
            return Ending(FAILED, error=_told(error))

    async def _perform(self, run: Row[Any], agent: Agent, tracker: Tracker, toolbox: Toolbox) -> dict[str, Any]:
        tracker.emit("agent_started", agent.name, {"agent_description": agent.description})
        history = read_history(self._database, run)
        execution = Execution(run, agent, run.input, history, self._database, self._registry, toolbox, tracker)
        try:
            return await execution.perform()
        finally:
            await execution.stop_calls()

    def _end(self, run: Row[Any], ending: Ending, tracker: Tracker) -> None:
        finished_at, steps, usage = tracker.finish()

        def write() -> Ending | None:
            with self._database.tenant(run.tenant_id) as connection:
                return end_run(
                    connection,
                    run,
                    ending,
                    finished_at=finished_at,
                    steps=steps,
                    usage=usage,
                    run_sequence_floor=tracker.last_run_sequence,
                    untold=tracker.untold,
                )

        # Nothing is written twice: a run that has ended is not ended again.
        write_surely = repeated(write, is_harmless=True)
        try:
            ended = write_surely()
        except (OperationalError, UnknownOutcome) as error:
            # Neither a lost connection nor a lock that somebody held too long must cost the customer the answer.
            log.warning("end is written again", reason=type(error).__name__)
            ended = write_surely()
        ended = ended or self._ended_by_us(run, finished_at)
        if ended is None:
            log.warning("run was ended by another worker", worker=self._worker)
            return
        RUNS_ENDED.labels(run.agent_name, ended.status).inc()
        RUN_SECONDS.labels(run.agent_name).observe(usage["wall_seconds"])
        log.info("run ended", status=ended.status, duration_seconds=usage["wall_seconds"])

    def _ended_by_us(self, run: Row[Any], finished_at: datetime) -> Ending | None:
        """How the run has ended, if it was we who wrote it and only lost the receipt."""
        query = select(runs.c.status, runs.c.worker, runs.c.finished_at).where(runs.c.id == run.id)
        with self._database.tenant(run.tenant_id) as connection:
            found = connection.execute(query).one()
        return Ending(found.status) if (found.worker, found.finished_at) == (run.worker, finished_at) else None


def _told(error: BaseException) -> dict[str, Any]:
    """A failure in the customer's words; the log has the rest."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, SQLAlchemyError | RedisError):
        log.error("run interrupted", exc_info=error)
        return _error("unavailable", "The platform could not go on with this run; please start it again.", True)
    if isinstance(error, ToolFailed):
        return _error(error.code, error.message, error.recoverable)
    log.error("agent failed", exc_info=error)
    return _error("agent_failed", "The agent could not finish because of a fault of its own.", False)


def _error(code: str, message: str, recoverable: bool) -> dict[str, Any]:
    return {"code": code, "message": message, "recoverable": recoverable}
