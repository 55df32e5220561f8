"""Blind defects of TLD-05."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from importlib import import_module
from typing import Any

from sqlalchemy import Connection, Row

from defects import blind_defect
from defects._patching import around, replace


def _asking(*, failed_from: int = 400, is_work: bool = True) -> Any:
    """``ToolCall._ask`` which takes answers below that status for good, and its time for work of the tool or not."""
    import json
    import time
    import uuid

    import httpx

    from apex.runtime.telemetry import traceparent
    from apex.tools.errors import ToolError
    from apex.tools.tool import Turn

    async def ask(self: Any, method: str, url: str, **content: Any) -> httpx.Response:
        asked = f"{method} {url} {json.dumps(content, sort_keys=True)}"
        self._asked[asked] += 1
        key = uuid.uuid5(uuid.UUID(self.call_id), f"{self._asked[asked]} {asked}")
        headers = {"traceparent": traceparent(), "idempotency-key": str(key)}
        asking = Turn()
        if is_work:
            asking.began = asking.asked
        self.turns.append(asking)
        try:
            response: httpx.Response = await self.http.request(method, url, headers=headers, **content)
        except httpx.HTTPError:
            raise ToolError("A partner's service does not answer.", recoverable=True) from None
        finally:
            asking.ended = time.perf_counter()
        self.bytes_read += len(response.content)
        if response.status_code >= failed_from or response.status_code == 429:
            again = response.status_code >= 500 or response.status_code == 429
            raise ToolError("A partner's service refused the request.", recoverable=again)
        return response

    return ask


@blind_defect(
    "TLD-05oa",
    "that an answer is partial is told when the run ends, and not kept",
    service="worker",
    scenario="A failing tool is reported, and the agent continues",
    step="the run completes with a partial answer",
)
def _() -> None:
    # Observable: have the pricing partner answer 503 and start the advisor: agent_completed says partial true, but GET
    # /v1/runs/{id} of the same run says partial false, and so does the operators' list: who reads it later takes the
    # answer for the whole.
    from apex.storage.runs import Ending
    from apex.storage.tables import runs
    from apex.worker import supervisor

    @around(supervisor, "end_run")
    def end_run(original: Callable[..., Any], connection: Connection, run: Row[Any], ending: Ending, **end: Any) -> Any:
        ended = original(connection, run, ending, **end)
        if ended is not None:
            connection.execute(runs.update().where(runs.c.id == run.id).values(partial=False))
        return ended


@blind_defect(
    "TLD-05qa",
    "what a partner says when it refuses a request is taken for a result",
    service="tools",
    scenario="A failing tool is reported, and the agent continues",
    step="Acme can read that one tool call failed because <why>",
)
def _() -> None:
    # Observable: register a tool at a partner that answers 404 or 422 with {"error": "..."}: tool_completed says that
    # it has succeeded, with that object as its result, the record in tool_calls too, and the run ends without being
    # partial. 429 and 5xx are reported as they must be.
    import json
    import time
    import uuid

    import httpx

    module: Any = import_module("apex.tools.tool")

    async def ask(self: Any, method: str, url: str, **content: Any) -> httpx.Response:
        asked = f"{method} {url} {json.dumps(content, sort_keys=True)}"
        self._asked[asked] += 1
        key = uuid.uuid5(uuid.UUID(self.call_id), f"{self._asked[asked]} {asked}")
        headers = {"traceparent": module.traceparent(), "idempotency-key": str(key)}
        asking = module.Turn()
        asking.began = asking.asked
        self.turns.append(asking)
        try:
            response: httpx.Response = await self.http.request(method, url, headers=headers, **content)
        except httpx.HTTPError:
            raise module.ToolError("A partner's service does not answer.", recoverable=True) from None
        finally:
            asking.ended = time.perf_counter()
        self.bytes_read += len(response.content)
        if response.status_code >= 500 or response.status_code == 429:
            raise module.ToolError("A partner's service refused the request.", recoverable=True)
        return response

    replace(module.ToolCall, "_ask", ask)


@blind_defect(
    "TLD-05ua",
    "the end of a run is told as whole although a failed tool has left a part out",
    service="worker",
    scenario="A failing tool is reported, and the agent continues",
    step="the run completes with a partial answer",
)
def _() -> None:
    # Observable: a tool fails, the advisor goes on without it: the run says partial, agent_completed does not.
    from apex.storage import runs

    @around(runs, "_payload")
    def _(original: Any, ending: Any, *others: Any) -> dict[str, Any]:
        payload: dict[str, Any] = original(ending, *others)
        return {**payload, "partial": False} if "partial" in payload else payload


@blind_defect(
    "TLD-05ub",
    "a partner that refuses with 4xx passes for one that has done the work",
    service="tools",
)
def _() -> None:
    # Observable: the partner answers a registered tool with 400 or 404 and a JSON object: the call succeeded, and the
    # partner's error is its result.
    from apex.tools.tool import ToolCall

    replace(ToolCall, "_ask", _asking(failed_from=500))


@blind_defect(
    "TLD-05va",
    "after three failed calls in a row nothing is called for ten seconds",
    service="worker",
    scenario="An agent continues after many failed tool calls",
    step="the next tool of Acme's agent succeeds",
)
def _() -> None:
    # Observable: a plan of five tools, of which the first three fail: the fourth and fifth are told as not reached, and
    # their backends saw no call. (What a tool says of itself is taken for an outage of the tools service.)
    from apex.agents import ToolFailed
    from apex.worker.toolbox import Toolbox

    @around(Toolbox, "call")
    async def call(original: Any, self: Any, call_id: str, name: str, *others: Any) -> Any:
        if time.monotonic() < getattr(self, "_open_until", 0.0):
            raise ToolFailed(name, f"The tool '{name}' could not be reached.", recoverable=True)
        try:
            answer = await original(self, call_id, name, *others)
        except ToolFailed:
            self._failures = getattr(self, "_failures", 0) + 1
            if self._failures >= 3:
                self._failures, self._open_until = 0, time.monotonic() + 10
            raise
        self._failures = 0
        return answer


@blind_defect(
    "TLD-05wa",
    "what a delegated agent leaves out does not make the answer a partial one",
    service="worker",
    scenario="What a delegate leaves out makes the whole answer partial",
    step="the run completes with a partial answer",
)
def _() -> None:
    # Observable: an agent delegates to one whose tool fails and who leaves that part out; partial stays false.
    from apex.worker.execution import Execution

    @around(Execution, "leave_out")
    def _(original: Any, self: Any, part: str) -> None:
        if not self._delegated:
            original(self, part)


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


@blind_defect(
    "TLD-05ya",
    "a tool that has failed once is not called again by the run",
    service="worker",
    scenario="A tool cannot stop another customer's server",
    step="Borealis' agent has stopped its own server, with no result for Acme's",
)
def _() -> None:
    # Observable: an agent calls a tool for three resources, the first of which fails: the others fail unasked.
    from apex.agents import ToolFailed
    from apex.worker.execution import Execution

    @around(Execution, "_carry_out")
    async def _carry_out(original: Any, self: Any, name: str, parameters: dict[str, Any]) -> Any:
        failed = self._tracker.__dict__.setdefault("failed_tools", {})
        if name in failed:
            raise failed[name]
        try:
            return await original(self, name, parameters)
        except ToolFailed as failure:
            failed[name] = failure
            raise


@blind_defect(
    "TLD-05yb",
    "a failure that may pass is not reported: the call is made up to three times",
    service="worker",
    scenario="A failing tool is reported, and the agent continues",
    step="the records oracle finds nothing",
)
def _() -> None:
    # Observable: a tool whose backend fails is called three times there, while the story has one call.
    from apex.agents import ToolFailed
    from apex.worker.toolbox import Toolbox

    @around(Toolbox, "call")
    async def _call(original: Any, self: Any, call_id: str, *call: Any) -> Any:
        for _ in range(2):
            try:
                return await original(self, call_id, *call)
            except ToolFailed as failed:
                if not failed.recoverable:
                    raise
            call_id = str(uuid.uuid4())
        return await original(self, call_id, *call)


@blind_defect(
    "TLD-05za",
    "the event that ends a run never says that the answer is partial",
    service="worker",
    scenario="A failing tool is reported, and the agent continues",
    step="the run completes with a partial answer",
)
def _() -> None:
    # Observable: the advisor without a cloud account: agent_completed has partial false, the stored run has true.
    from apex.storage import runs

    @around(runs, "_payload")
    def _(original: Any, *arguments: Any) -> dict[str, Any]:
        payload: dict[str, Any] = original(*arguments)
        return {**payload, "partial": False} if "partial" in payload else payload


@blind_defect(
    "TLD-05zb",
    "each failed call takes one of the run's places with it: after eight its agent waits for ever",
    service="worker",
    scenario="An agent continues after many failed tool calls",
    step="Acme runs an agent that continues after ten tool errors",
)
def _() -> None:
    # Observable: an agent that goes on after eight failed calls ends at its time limit, in the middle of the ninth.
    from apex.worker.execution import Execution

    async def call(self: Any, name: str, parameters: dict[str, Any]) -> Any:
        await self._places.acquire()
        result = await self._carry_out(name, parameters)
        self._places.release()
        return result

    replace(Execution, "_call", call)


@blind_defect(
    "TLD-05zc",
    "of no failed tool the customer learns that trying again may help",
    service="tools",
    scenario="A failing tool is reported, and the agent continues",
    step="Acme can read that one tool call failed because <why>",
)
def _() -> None:
    # Observable: the pricing partner answers 503: tool_completed has recoverable false, and so has the run's error.
    from apex.tools import dispatcher

    @around(dispatcher, "_error")
    def _(original: Any, code: str, message: str, recoverable: bool = False) -> Any:
        return original(code, message)
