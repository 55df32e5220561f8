"""Which runs this worker holds: taking, renewing, losing and cancelling them.

A run is held for ``lease_seconds`` and renewed every ``heartbeat_seconds``. A run whose lease ran out is failed by
whichever worker sees it first, never run again.
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog
from sqlalchemy import Row, text

from apex.runtime.telemetry import span
from apex.settings import Worker as WorkerSettings
from apex.storage.database import Database
from apex.storage.runs import FAILED, OUT_OF_TIME, TIMED_OUT, Ending, end_run, now
from apex.storage.stream import rfc3339
from apex.storage.tables import runs

log = structlog.get_logger()

# An announced run may be locked for a moment by somebody who gives it back, and nobody is woken again: whoever found
# none looks once more after this.
_SECOND_LOOK_SECONDS = 0.5
_REMEMBERED_CANCELS = 1000
_COLUMNS = ", ".join(runs.c.keys())
WORKER_LOST = {
    "code": "worker_lost",
    "message": "The machine that worked on this was lost. Nothing was charged twice; please start the run again.",
    "recoverable": True,
}


class Held(Protocol):
    """A run in the hands of a slot."""

    def progress(self) -> list[dict[str, Any]]:
        """The steps so far."""

    def cancel(self) -> None:
        """The customer wants the run to stop."""

    def abandon(self) -> None:
        """The run is no longer ours: stop without a word."""

    def overdue(self) -> bool:
        """The run goes on although its time limit has passed, or it was cancelled: its agent does not give way."""

    def due_at(self) -> float | None:
        """When it may be overdue (monotonic seconds), as far as that is to come."""

    def give_up(self) -> None:
        """Leave the run to itself, and have another slot work in the place of this one, unless it was closed."""

    def last_run_sequence(self) -> int:
        """The number of the run's last event, as far as is known."""


class Leases(threading.Thread):
    """The leases of one worker process; used by all its slots."""

    def __init__(self, database: Database, settings: WorkerSettings, worker: str) -> None:
        super().__init__(name="leases", daemon=True)
        self._database, self._settings, self._worker = database, settings, worker
        self._lease = timedelta(seconds=settings.lease_seconds)
        self._held: dict[str, tuple[Row[Any], Held]] = {}
        self._lock = threading.Lock()
        self._waiting = threading.Condition(self._lock)
        self._closed, self._due = threading.Event(), threading.Event()
        self._announced, self._announced_at = 0, 0.0
        self._cancelled: deque[str] = deque(maxlen=_REMEMBERED_CANCELS)

    def take(self) -> Row[Any] | None:
        """The oldest waiting run, now ours; waits for one up to a heartbeat, then None."""
        with self._lock:
            announced = self._announced
        run = self._take()
        if run is None:
            with self._waiting:
                # What was announced while we looked is not waited for.
                self._waiting.wait_for(lambda: self._announced != announced, self._patience())
        return run

    def _patience(self) -> float:
        """Seconds until the next look, if nothing is announced before."""
        is_news = time.monotonic() - self._announced_at < _SECOND_LOOK_SECONDS
        return min(_SECOND_LOOK_SECONDS if is_news else math.inf, self._settings.heartbeat_seconds)

    def _take(self) -> Row[Any] | None:
        statement = text(f"SELECT {_COLUMNS} FROM lease_run(:worker, :lease)").columns(*runs.c)
        with self._database.platform() as connection:
            return connection.execute(statement, {"worker": self._worker, "lease": self._lease}).first()

    def hold(self, run: Row[Any], held: Held) -> None:
        """From now on the run is renewed, and told when it is to stop."""
        with self._lock:
            self._held[run.id] = (run, held)
            due_at = held.due_at()
            was_cancelled = str(run.id) in self._cancelled
        if was_cancelled:
            held.cancel()
        if was_cancelled or (due_at is not None and due_at < time.monotonic() + self._settings.heartbeat_seconds):
            self._due.set()

    def release(self, run_id: str) -> None:
        """The run has ended."""
        with self._lock:
            self._held.pop(run_id, None)

    def wake(self, _run_id: str) -> None:
        """A run waits: one idle slot looks."""
        with self._waiting:
            self._announced, self._announced_at = self._announced + 1, time.monotonic()
            self._waiting.notify()

    def wake_all(self) -> None:
        """Runs may wait: every idle slot looks."""
        with self._waiting:
            self._announced, self._announced_at = self._announced + 1, time.monotonic()
            self._waiting.notify_all()

    def catch_up(self) -> None:
        """What was announced may have been missed: look for runs that wait, and for those that are to stop."""
        self.wake_all()
        self._due.set()

    def cancel(self, run_id: str) -> None:
        """Stop the run if it is ours, be it that its slot has taken it and not yet said so."""
        with self._lock:
            is_ours = run_id in self._held
            if not is_ours:
                self._cancelled.append(run_id)
        self._tell(run_id, lambda held: held.cancel())
        if is_ours:
            self._due.set()

    def close(self) -> None:
        """Hold nothing any more. A run still in hand ends as lost at once: nobody has to wait for its lease to end."""
        self._closed.set()
        self._due.set()
        with self._lock:
            left = list(self._held.values())
        for run, held in left:
            try:
                self._end(run, held, Ending(FAILED, error=WORKER_LOST), "worker stopped")
            except Exception as error:
                # The others are ended all the same; this one by another worker, when its lease is over.
                log.error("run left in hand", run_id=run.id, exc_info=error)

    def run(self) -> None:
        renew_at = time.monotonic()
        while True:
            is_told = self._due.wait(self._until_next_look(renew_at))
            self._due.clear()
            if self._closed.is_set():
                return
            try:
                self._end_overdue()
                if is_told or time.monotonic() >= renew_at:
                    renew_at = time.monotonic() + self._settings.heartbeat_seconds
                    self._renew()
                    self._fail_lost()
            except Exception as error:
                # This thread must outlive whatever happens to it: without it every run would be lost.
                log.error("leases not renewed", exc_info=error)

    def _until_next_look(self, renew_at: float) -> float:
        """Seconds until leases are to be renewed, or a run may be overdue before: nobody waits a heartbeat for that."""
        with self._lock:
            moments = [moment for _, held in self._held.values() if (moment := held.due_at()) is not None]
        return max(min([renew_at, *moments]) - time.monotonic(), 0.0)

    def _renew(self) -> None:
        with self._lock:
            held = dict(self._held)
        if not held:
            return
        progress = json.dumps({run_id: run.progress() for run_id, (_, run) in held.items()})
        with self._database.platform() as connection:
            renewed = connection.execute(
                text("SELECT run_id, cancel FROM renew_leases(:worker, :lease, cast(:progress AS jsonb))"),
                {"worker": self._worker, "lease": self._lease, "progress": progress},
            ).all()
        ours = {str(row.run_id): row.cancel for row in renewed}
        for run_id in held:
            if run_id not in ours:
                self._tell(run_id, lambda run: run.abandon())
            elif ours[run_id]:
                self._tell(run_id, lambda run: run.cancel())

    def _end_overdue(self) -> None:
        with self._lock:
            overdue = [(run, held) for run, held in self._held.values() if held.overdue()]
        for run, held in overdue:
            log.error("run does not give way", run_id=run.id, tenant_id=run.tenant_id)
            self._end(run, held, Ending(TIMED_OUT, error=OUT_OF_TIME), "gave no way")

    def _end(self, run: Row[Any], held: Held, ending: Ending, why: str) -> None:
        """End a run over the head of its slot. ``why`` names the step for the time that nobody can account for."""
        steps = held.progress()
        held.give_up()
        self.release(run.id)
        finished_at = now()
        with (
            span("run given up", run.traceparent, tenant_id=run.tenant_id, run_id=run.id),
            self._database.tenant(run.tenant_id) as connection,
        ):
            end_run(
                connection,
                run,
                ending,
                finished_at=finished_at,
                steps=_accounted(run, steps, why, finished_at),
                run_sequence_floor=held.last_run_sequence(),
            )

    def _fail_lost(self) -> None:
        with self._database.platform() as connection:
            lost = connection.execute(text(f"SELECT {_COLUMNS} FROM lost_runs()").columns(*runs.c)).all()
        for run in lost:
            with span("worker lost", run.traceparent, tenant_id=run.tenant_id, run_id=run.id):
                try:
                    self._fail(run)
                except Exception as error:
                    # One that cannot be ended does not keep the others.
                    log.error("lost run not ended", exc_info=error)

    def _fail(self, run: Row[Any]) -> None:
        with self._database.tenant(run.tenant_id) as connection:
            finished_at = now()
            steps = _accounted(run, run.steps, "worker lost", finished_at)
            if end_run(connection, run, Ending(FAILED, error=WORKER_LOST), finished_at=finished_at, steps=steps):
                log.warning("run failed: its worker was lost", lost_worker=run.worker)

    def _tell(self, run_id: str, message: Callable[[Held], None]) -> None:
        with self._lock:
            _, held = self._held.get(run_id, (None, None))
        if held is not None:
            message(held)


def _accounted(run: Row[Any], known: list[dict[str, Any]], name: str, finished_at: datetime) -> list[dict[str, Any]]:
    """The steps that are known to have ended, and one for the time that nobody can account for."""
    steps = [step for step in known if step["duration_seconds"] is not None]
    unknown = (finished_at - run.started_at).total_seconds() - sum(step["duration_seconds"] for step in steps)
    lost = {
        "name": name,
        "kind": "lost",
        "agent_name": run.agent_name,
        "started_at": rfc3339(finished_at - timedelta(seconds=unknown)),
        "duration_seconds": unknown,
    }
    return [*steps, lost]
