"""A slot: one thread that carries out one run at a time, in an event loop of its own.

A thread for each run keeps runs apart: a busy agent holds up only itself, and the thread's CPU clock is the run's.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import structlog
from sqlalchemy import Row

from apex.runtime.telemetry import span
from apex.worker.leases import Leases
from apex.worker.supervisor import Supervisor
from apex.worker.tracker import Tracker

log = structlog.get_logger()

# An agent that awaits something is ended at its limit, or when it is cancelled; this long after it, it is one that
# does not.
_GRACE_SECONDS = 0.25
# One that gives way while it calls a tool is being ended: on a busy machine its calls take this much longer to be told
# to their end. One that calls none, and is still there, has caught its cancellation and goes on.
_ENDING_SECONDS = 0.45


class Slot(threading.Thread):
    """Leases and carries out runs until closed; starts by itself."""

    def __init__(self, leases: Leases, supervisor: Supervisor, replace: Callable[[], None]) -> None:
        """``replace`` starts another slot, for one whose agent does not give way any more."""
        super().__init__(name="slot", daemon=True)
        self._leases, self._supervisor, self._replace = leases, supervisor, replace
        self._closed, self._done = threading.Event(), threading.Event()
        self.start()

    def close(self) -> None:
        """Take no further run."""
        self._closed.set()

    def give_up(self) -> None:
        """Leave the run in hand to itself; another slot works in this one's place, unless it was to take no further."""
        closed = self.closed
        self.close()
        self._done.set()
        if not closed:
            self._replace()

    def finish(self, seconds: float) -> None:
        """Once closed, wait until the run in hand has ended, for so long at most."""
        self._done.wait(seconds)

    @property
    def closed(self) -> bool:
        """Whether it takes no further run."""
        return self._closed.is_set()

    @property
    def tracker(self) -> Tracker | None:
        """The story of the run in hand."""
        return self._supervisor.tracker

    def run(self) -> None:
        with asyncio.Runner() as runner:
            while not self._closed.is_set():
                try:
                    run = self._leases.take()
                    if run is not None:
                        runner.run(self._carry_out(run))
                except Exception as error:
                    # The run, if one was in hand, is failed when its lease ends.
                    log.error("slot interrupted", exc_info=error)
                    self._closed.wait(0.5)
            self._done.set()

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
            self._leases.hold(run, _InHand(task, self, asyncio.get_running_loop(), run.time_limit_seconds))
            try:
                await asyncio.wait([task])
            finally:
                self._leases.release(run.id)
            if not task.cancelled():
                task.result()


class _InHand:
    """The run in a slot, as the leases see it (``apex.worker.leases.Held``)."""

    def __init__(
        self, task: asyncio.Future[None], slot: Slot, loop: asyncio.AbstractEventLoop, limit_seconds: float
    ) -> None:
        self._task, self._slot, self._loop = task, slot, loop
        self._overdue_at = time.monotonic() + limit_seconds + _GRACE_SECONDS
        self._gives_way = threading.Event()
        self._gives_way.set()

    def progress(self) -> list[dict[str, Any]]:
        tracker = self._slot.tracker
        return list(tracker.steps) if tracker is not None else []

    def last_run_sequence(self) -> int:
        tracker = self._slot.tracker
        return tracker.last_run_sequence if tracker is not None else 0

    def overdue(self) -> bool:
        """Asked again and again: an agent that has not let the loop answer since the last time gives no way.

        Nor does one that lets it answer and has nothing left to be stopped.
        """
        tracker = self._slot.tracker
        if tracker is not None and tracker.finished:
            # The agent has come to its end; what takes time is that it is being written down.
            return False
        gives_way = self._gives_way.is_set()
        if gives_way:
            self._gives_way.clear()
            self._loop.call_soon_threadsafe(self._gives_way.set)
        is_being_ended = gives_way and tracker is not None and tracker.has_open_calls
        return time.monotonic() > self._overdue_at + (_ENDING_SECONDS if is_being_ended else 0.0)

    def due_at(self) -> float | None:
        now = time.monotonic()
        return next((moment for moment in (self._overdue_at, self._overdue_at + _ENDING_SECONDS) if moment > now), None)

    def give_up(self) -> None:
        self._slot.give_up()

    def cancel(self) -> None:
        # Told again and again; what counts is the first time.
        self._overdue_at = min(self._overdue_at, time.monotonic() + _GRACE_SECONDS)
        self._loop.call_soon_threadsafe(self._task.cancel)

    def abandon(self) -> None:
        # The end that the cancellation leads to is refused by the database: the run is in other hands.
        self.cancel()
