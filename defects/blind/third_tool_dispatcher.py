"""Blind defects of tool_dispatcher, third round, written from the promises alone."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "TLD-01xa",
    "a resized instance is told under the type that it had before",
    service="tools",
    scenario="The requested server is resized",
    step="each result reports the servers as the customer's own cloud account shows them",
)
def _() -> None:
    # Observable: the result of resize_instance has the old instance_type, while the account has the new one.
    from apex.tools import changes

    known: dict[Any, tuple[float, list[dict[str, Any]]]] = {}

    @around(changes, "_described")
    def _(original: Any, account: Any, resource_ids: list[str]) -> list[dict[str, Any]]:
        key = id(account.ec2), *resource_ids
        if key not in known or time.monotonic() > known[key][0] + 10:
            known[key] = time.monotonic(), original(account, resource_ids)
        return known[key][1]


@blind_defect("TLD-02xa", "of a run's calls of the same tool one is at work at a time", service="worker")
def _() -> None:
    # Observable: two calls side by side of one tool that takes 1 s take 2 s.
    from collections import defaultdict

    from apex.worker.toolbox import Toolbox

    @around(Toolbox, "call")
    async def _(original: Any, self: Any, call_id: str, name: str, *of: Any) -> Any:
        turns = self.__dict__.setdefault("turns", defaultdict(asyncio.Lock))
        async with turns[name]:
            return await original(self, call_id, name, *of)


@blind_defect(
    "TLD-03xa", "a cookie that a partner gave for one customer is sent with the next one's request", service="tools"
)
def _() -> None:
    # Observable: a partner that sets a cookie for the first tenant finds it in requests for the second.
    import httpx

    from apex.tools import dispatcher

    replace(dispatcher, "partners_client", lambda seconds: httpx.AsyncClient(timeout=httpx.Timeout(seconds, connect=2)))


@blind_defect(
    "TLD-04xa", "the customer's account is entered before it is known whether the caller may", service="tools"
)
def _() -> None:
    # Observable: a refused call of a cloud tool leaves an AssumeRole of the tenant's role in the cloud's record.
    from contextlib import suppress

    from apex.tools.dispatcher import Dispatcher
    from apex.tools.errors import ToolError

    @around(Dispatcher, "execute")
    async def _(original: Any, self: Any, tool: Any, call_id: str, request: Any, caller: dict[str, str]) -> Any:
        if tool.permission.startswith("cloud:"):
            with suppress(ToolError):
                await asyncio.to_thread(self.accounts.of_tenant, caller["tenant_id"])
        return await original(self, tool, call_id, request, caller)


@blind_defect(
    "TLD-05xa", "once a tool works after one that failed, the answer is not partial any more", service="worker"
)
def _() -> None:
    # Observable: an agent leaves a part out, then calls a tool that works: partial is false in event and run.
    from apex.worker.execution import Execution

    @around(Execution, "_carry_out")
    async def _(original: Any, self: Any, name: str, parameters: dict[str, Any]) -> Any:
        result = await original(self, name, parameters)
        self._tracker.partial = False
        return result


@blind_defect("TLD-06xa", "what waits for a thread is taken off although the call works beside it", service="tools")
def _() -> None:
    # Observable: a tool with more parts at once than a tenant has threads is told as shorter than it was busy, or < 0.
    from apex.tools import dispatcher

    def seconds_waited(turns: Any) -> float:
        over = time.perf_counter()
        return float(sum((turn.ended or over if turn.began is None else turn.began) - turn.asked for turn in turns))

    replace(dispatcher, "seconds_waited", seconds_waited)


@blind_defect(
    "TLD-07xa",
    "a tenant that has used a tool before can use it also after it was withdrawn",
    service="tools",
    scenario="A withdrawn tool is refused as withdrawn",
    step="Acme's agent is refused because the tool was withdrawn, with no further request to the partner",
)
def _() -> None:
    # Observable: a tenant calls an added tool, the operator withdraws it, the tenant's next run can still call it.
    from sqlalchemy import select

    from apex.storage.tables import tool_calls
    from apex.tools.calls import CallRecords

    def has_begun(self: Any, call_id: str, tool_name: str, tenant_id: str) -> bool:
        begun = select(tool_calls.c.id).where(tool_calls.c.tool_name == tool_name).limit(1)
        with self._database.tenant(tenant_id) as connection:
            return connection.scalar(begun) is not None

    replace(CallRecords, "has_begun", has_begun)


@blind_defect("TLD-08xa", "a tool's second call in a run is told with the parameters of its first", service="worker")
def _() -> None:
    # Observable: one tool called twice with different parameters; both tool_executing events have those of the first.
    from apex.worker.execution import Execution

    @around(Execution, "_emit")
    def _(original: Any, self: Any, type: str, payload: dict[str, Any]) -> None:
        if type == "tool_executing":
            shown = self._tracker.__dict__.setdefault("shown", {})
            payload = {**payload, "parameters": shown.setdefault(payload["tool_name"], payload["parameters"])}
        original(self, type, payload)
