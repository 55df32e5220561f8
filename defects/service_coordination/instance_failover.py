"""Seeded defects of services that die (CSC-04)."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import text

from apex.runtime.discovery import Registry
from apex.tools.calls import CallRecords
from apex.tools.tool import ToolCall
from apex.worker.toolbox import Toolbox
from defects import Scenario
from defects._patching import replace

one_two_instances = Scenario("One of two instances dies while both are at work")


@one_two_instances.defect(
    "CSC-04a",
    "no other instance is asked when one breaks off",
    step="each job was given what it had asked for, and the partner has answered each question once",
    service="worker",
)
def _() -> None:
    def begin(self: Toolbox, *others: Any) -> None:
        original(self, *others)
        self._patience = -1.0

    original = replace(Toolbox, "__init__", begin)


@one_two_instances.defect(
    "CSC-04b",
    "a call that is asked for again has another key",
    step="every service has each job on record once, and all records agree",
    service="worker",
)
def _() -> None:
    async def post(self: Toolbox, url: str, call_id: str, *others: Any) -> Any:
        asked = attempts.setdefault(call_id, [])
        asked.append(call_id if not asked else str(uuid.uuid4()))
        return await original(self, url, asked[-1], *others)

    attempts: dict[str, list[str]] = {}
    original = replace(Toolbox, "_post", post)


@one_two_instances.defect(
    "CSC-04c",
    "the calls of an instance that is gone are never taken over",
    step="each job was given what it had asked for, and the partner has answered each question once",
    service="tools",
)
def _() -> None:
    replace(Registry, "is_gone", lambda self, instance_id: False)


done_before_answer = Scenario("What was done before its answer was lost is not done again", service="tools")


@done_before_answer.defect(
    "CSC-04d",
    "a call that is asked for again is carried out again",
    step="each job was given what it had asked for, and the partner has answered each question once",
)
def _() -> None:
    def begin(self: CallRecords, call: ToolCall, started_at: Any) -> None:
        original(self, call, started_at)
        with self._database.tenant(call.tenant_id) as connection:
            ours = {"owner": self._instance.id, "id": call.call_id}
            connection.execute(text("UPDATE tool_calls SET owner = :owner WHERE id = :id"), ours)

    original = replace(CallRecords, "begin", begin)
