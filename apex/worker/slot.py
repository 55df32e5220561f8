"""A slot: one thread that carries out one run at a time, in an event loop of its own.

A thread for each run keeps runs apart: a busy agent holds up only itself, and the thread's CPU clock is the run's.
"""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import structlog
from sqlalchemy import Row
from sqlalchemy.exc import SQLAlchemyError

from apex.telemetry import span
from apex.worker.leases import Leases
from apex.worker.supervisor import Supervisor

log = structlog.get_logger()


class Slot(threading.Thread):
    """Leases and carries out runs until closed; starts by itself."""

    def __init__(self, number: int, leases: Leases, supervisor: Supervisor) -> None:
        super().__init__(name=f"slot-{number}", daemon=True)
        self._leases, self._supervisor = leases, supervisor
        self._closed = threading.Event()
        self.start()

    def close(self) -> None:
        """Take no further run."""
        self._closed.set()

    def run(self) -> None:
        with asyncio.Runner() as runner:
            while not self._closed.is_set():
                try:
                    run = self._leases.take()
                    if run is not None:
                        runner.run(self._carry_out(run))
                except SQLAlchemyError as error:
                    # The run, if one was in hand, is failed when its lease ends.
                    log.error("slot interrupted", reason=type(error).__name__)
                    self._closed.wait(0.5)

    async def _carry_out(self, run: Row[Any]) -> None:
        with span(
            "run",
            run.traceparent,
            tenant_id=run.tenant_id,
            user_id=run.user_id,
            run_id=run.id,
            request_id=run.request_id,
        ):
            task = asyncio.ensure_future(self._supervisor.carry_out(run))
            self._leases.hold(run.id, _InHand(task, self._supervisor, asyncio.get_running_loop()))
            try:
                await asyncio.wait([task])
            finally:
                self._leases.release(run.id)
            if not task.cancelled():
                task.result()


class _InHand:
    """The run in a slot, as the leases see it (``apex.worker.leases.Held``)."""

    def __init__(self, task: asyncio.Future[None], supervisor: Supervisor, loop: asyncio.AbstractEventLoop) -> None:
        self._task, self._supervisor, self._loop = task, supervisor, loop

    def progress(self) -> list[dict[str, Any]]:
        tracker = self._supervisor.tracker
        return list(tracker.steps) if tracker is not None else []

    def cancel(self) -> None:
        self._loop.call_soon_threadsafe(self._task.cancel)

    def abandon(self) -> None:
        # The end that the cancellation leads to is refused by the database: the run is in other hands.
        self.cancel()
