"""The story of one run as it happens: its events, its steps with their durations, what it uses."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from redis.exceptions import RedisError
from sqlalchemy import Row

from apex.storage.runs import now, trace_id_of
from apex.storage.stream import Event, EventStream, rfc3339

log = structlog.get_logger()

_SILENT_SECONDS = 1.0
"""For so long nothing is told after something could not be: each attempt may wait for a while."""


class Tracker:
    """Belongs to the thread of the run's slot; others only read ``steps``, ``finished`` and ``has_open_calls``.

    The steps follow each other without a gap from ``started_at`` to the end, so that their durations add up to the
    run's. CPU time is that of the slot's thread, less what the platform itself spends on telling the story.
    """

    def __init__(self, run: Row[Any], stream: EventStream) -> None:
        self._run, self._stream = run, stream
        self._wall: datetime = max(now(), run.started_at)
        self._monotonic = time.monotonic()
        self._cpu, self._cpu_elsewhere = time.thread_time(), 0.0
        self._step_started: datetime = run.started_at
        self._open_calls: list[str] = []
        self._told, self._silent_until = 0, 0.0
        self.untold: list[Event] = []
        self.steps: list[dict[str, Any]] = []
        self.last_run_sequence = 0
        self.bytes_read = 0
        self.peak_state_bytes = 0
        self.tool_calls = 0
        self.tool_cpu_seconds = 0.0
        self.partial = False
        self.finished = False
        self._enter("preparing", "prepare", run.agent_name)

    @property
    def has_open_calls(self) -> bool:
        """Whether a tool is at work, or being stopped."""
        return bool(self._open_calls)

    def now(self) -> datetime:
        """The time of day, never going back within the run."""
        return self._wall + timedelta(seconds=time.monotonic() - self._monotonic)

    def emit(self, type: str, agent_name: str, payload: dict[str, Any]) -> None:
        """Tell the customer, at once; while nobody can be told it waits in ``untold``, in its order."""
        self._told += 1
        event = Event(
            type,
            self._run.user_id,
            payload,
            trace_id_of(self._run),
            self._run.request_id,
            self._run.id,
            self._run.thread_id,
            agent_name,
            rfc3339(self.now()),
            number=self._told,
        )
        with self._platform_work():
            self.untold.append(event)
            if time.monotonic() >= self._silent_until:
                self._tell()

    def _tell(self) -> None:
        """Tell what waits, the oldest first. What may have been told is told again: its number makes it count once."""
        while self.untold:
            # Numbers go on where they were even after the stream has lost its data.
            event = replace(self.untold[0], run_sequence_floor=self.last_run_sequence)
            try:
                self.last_run_sequence = max(self.last_run_sequence, self._stream.publish(event))
            except RedisError as error:
                log.warning("events wait to be told", waiting=len(self.untold), reason=type(error).__name__)
                self._silent_until = time.monotonic() + _SILENT_SECONDS
                return
            self.untold.pop(0)
            self._silent_until = 0.0

    def working(self, agent_name: str) -> None:
        """The agent is at work by itself."""
        self._enter("working", "work", agent_name)

    def call_started(self, tool_name: str, agent_name: str) -> None:
        """A tool is at work; calls side by side are one step."""
        self.tool_calls += 1
        self._open_calls.append(tool_name)
        if len(self._open_calls) == 1:
            self._enter(tool_name, "tool", agent_name)
        else:
            self.steps[-1]["name"] += f" + {tool_name}"

    def call_ended(self, tool_name: str, agent_name: str) -> None:
        """The tool is done; the agent goes on when all are."""
        self._open_calls.remove(tool_name)
        if not self._open_calls:
            self.working(agent_name)

    def state_seen(self, state: dict[str, Any]) -> None:
        """Take the size of the working state (bytes of its JSON) into account."""
        with self._platform_work():
            self.peak_state_bytes = max(self.peak_state_bytes, len(json.dumps(state, default=str).encode()))

    def finish(self) -> tuple[datetime, list[dict[str, Any]], dict[str, Any]]:
        """The end of the run: when, its steps, what it used."""
        self.finished = True
        self._tell()
        finished_at = self.now()
        cpu = time.thread_time() - self._cpu - self._cpu_elsewhere + self.tool_cpu_seconds
        self._leave(finished_at)
        usage = {
            "cpu_seconds": round(cpu, 6),
            "bytes_read": self.bytes_read,
            "peak_state_bytes": self.peak_state_bytes,
            "tool_calls": self.tool_calls,
            "wall_seconds": round((finished_at - self._run.started_at).total_seconds(), 6),
        }
        return finished_at, self.steps, usage

    def _enter(self, name: str, kind: str, agent_name: str) -> None:
        moment = self.now()
        if self.steps:
            self._leave(moment)
            self._step_started = moment
        self.steps.append(
            {
                "name": name,
                "kind": kind,
                "agent_name": agent_name,
                "started_at": rfc3339(self._step_started),
                "duration_seconds": None,
            }
        )

    def _leave(self, moment: datetime) -> None:
        self.steps[-1]["duration_seconds"] = (moment - self._step_started).total_seconds()

    @contextmanager
    def _platform_work(self) -> Iterator[None]:
        before = time.thread_time()
        try:
            yield
        finally:
            self._cpu_elsewhere += time.thread_time() - before
