"""Seeded defects of the identities that events carry (WSE-05)."""

from __future__ import annotations

import uuid
from typing import Any

from apex.storage.stream import Event, EventStream
from defects import Scenario
from defects._events import envelopes
from defects._patching import replace

runs_different_threads = Scenario(
    "Runs in different threads, one after the other, keep their identities", service="worker"
)


@runs_different_threads.defect(
    "WSE-05a",
    "events name the first thread that the worker has seen of a user",
    step="every event names these as its own request did",
)
def _() -> None:
    threads: dict[str, str | None] = {}

    def publish(self: EventStream, event: Event, delivery_id: str = "") -> int:
        event.thread_id = threads.setdefault(event.user_id, event.thread_id)
        return int(original(self, event, delivery_id))

    original = replace(EventStream, "publish", publish)


@runs_different_threads.defect(
    "WSE-05b",
    "the end of a run names the delivery instead of the request",
    step="every event names these as its own request did",
)
def _() -> None:
    def name(frame: dict[str, Any]) -> None:
        if frame["type"] == "agent_completed":
            frame["trace"]["request_id"] = str(uuid.uuid4())

    envelopes(name)


runs_different_threads_side = Scenario(
    "Runs in different threads, side by side, keep their identities", service="worker"
)


@runs_different_threads_side.defect(
    "WSE-05c", "delegated agents begin a trace of their own", step="every event names these as its own request did"
)
def _() -> None:
    def begin(frame: dict[str, Any]) -> None:
        if "parent_run_id" in frame["payload"]:
            frame["trace"]["trace_id"] = uuid.uuid4().hex

    envelopes(begin)
