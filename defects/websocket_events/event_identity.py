"""Seeded defects of the IDs that events carry (WSE-05)."""

from __future__ import annotations

import uuid
from typing import Any

from apex.storage.stream import Event, EventStream
from defects import Scenario
from defects._events import envelopes
from defects._patching import replace

sequential = Scenario("Sequential runs in two conversations keep their IDs", service="worker")
concurrent = Scenario("Concurrent runs in two conversations keep their IDs", service="worker")

CARRIED = "every event carries these IDs of its own request"


@sequential.defect("WSE-05a", "events carry the first thread that the worker has seen of a user", step=CARRIED)
def _() -> None:
    threads: dict[str, str | None] = {}

    def publish(self: EventStream, event: Event, delivery_id: str = "") -> int:
        event.thread_id = threads.setdefault(event.user_id, event.thread_id)
        return int(original(self, event, delivery_id))

    original = replace(EventStream, "publish", publish)


@sequential.defect("WSE-05b", "agent_completed events carry the delivery's ID instead of the request's", step=CARRIED)
def _() -> None:
    def rename(frame: dict[str, Any]) -> None:
        if frame["type"] == "agent_completed":
            frame["trace"]["request_id"] = str(uuid.uuid4())

    envelopes(rename)


@concurrent.defect("WSE-05c", "delegated agents begin a trace of their own", step=CARRIED)
def _() -> None:
    def begin(frame: dict[str, Any]) -> None:
        if "parent_run_id" in frame["payload"]:
            frame["trace"]["trace_id"] = uuid.uuid4().hex

    envelopes(begin)
