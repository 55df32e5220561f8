"""Seeded defects of services whose instances crash (CSC-04)."""

from __future__ import annotations

import uuid
from collections import Counter
from typing import Any

from sqlalchemy import text

from apex.runtime.discovery import Registry
from apex.tools.calls import CallRecords
from apex.tools.tool import ToolCall
from apex.worker.toolbox import Toolbox
from defects import Scenario
from defects._patching import replace

crash = Scenario("One of two instances crashes while both are working", service="worker")
lost_response = Scenario("Finished work is not repeated when its response is lost", service="tools")

RESULTS = "each job has its own results, and the partner has answered each request once"


@crash.defect("CSC-04a", "no other instance is asked when one disconnects", step=RESULTS)
def _() -> None:
    def begin(self: Toolbox, *others: Any) -> None:
        original(self, *others)
        self._patience = -1.0

    original = replace(Toolbox, "__init__", begin)


@crash.defect(
    "CSC-04b",
    "a repeated call has another key",
    step=RESULTS,
)
def _() -> None:
    def post(self: Toolbox, url: str, call_id: str, *others: Any) -> Any:
        attempts[call_id] += 1
        key = call_id if attempts[call_id] == 1 else str(uuid.uuid4())
        return original(self, url, key, *others)

    attempts: Counter[str] = Counter()
    original = replace(Toolbox, "_post", post)


@crash.defect("CSC-04c", "the calls of a lost instance are never taken over", step=RESULTS, service="tools")
def _() -> None:
    replace(Registry, "is_gone", lambda self, instance_id: False)


@lost_response.defect("CSC-04d", "a repeated call is carried out again", step=RESULTS)
def _() -> None:
    def begin(self: CallRecords, call: ToolCall, started_at: Any) -> None:
        original(self, call, started_at)
        with self._database.tenant(call.tenant_id) as connection:
            ours = {"owner": self._instance.id, "id": call.call_id}
            connection.execute(text("UPDATE tool_calls SET owner = :owner WHERE id = :id"), ours)

    original = replace(CallRecords, "begin", begin)
