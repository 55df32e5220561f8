"""Blind defects of TLD-06."""

from __future__ import annotations

import json
import time
import uuid
from contextvars import ContextVar
from typing import Any

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
    "TLD-06ra",
    "the time of a call that fails is not taken",
    service="tools",
    scenario="The duration of a failed call is reported, too",
    step="the duration reported to Acme for the price list is the partner's response time",
)
def _() -> None:
    # Observable: a tool whose partner answers 500 after a second: tool_completed says duration_seconds 0, and so do the
    # record in tool_calls, the log line and apex_tool_call_seconds. Of calls that succeed the time is right.
    import time

    from apex.tools.dispatcher import Stopwatch
    from apex.tools.tool import seconds_waited

    def over(self: Any, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.seconds = time.perf_counter() - self._started - seconds_waited(self._call.turns)

    replace(Stopwatch, "__exit__", over)


@blind_defect(
    "TLD-06ua",
    "a call that failed is told to have taken no time",
    service="worker",
    scenario="Stored durations equal those that were reported",
    step="the stored durations equal those that were reported to Acme",
)
def _() -> None:
    # Observable: a tool works for a second and then fails: tool_completed says duration_seconds 0.
    from apex.worker import toolbox

    def failed(*arguments: Any, **others: Any) -> Any:
        others.pop("duration_seconds", None)
        return original(*arguments, **others)

    original = replace(toolbox, "ToolFailed", failed)


@blind_defect(
    "TLD-06ub",
    "the time that a partner is at work counts as waiting",
    service="tools",
    scenario="The duration of a failed call is reported, too",
    step="the duration reported to Acme for the price list is the partner's response time",
)
def _() -> None:
    # Observable: a tool whose partner takes a second reports a duration of nearly nothing.
    from apex.tools.tool import ToolCall

    replace(ToolCall, "_ask", _asking(is_work=False))


@blind_defect("TLD-06va", "what a tool does side by side is added up in its duration", service="tools")
def _() -> None:
    # Observable: a tool that asks a partner for two things of 1 s at once is told to have taken 2 s.
    from apex.tools.dispatcher import Stopwatch

    @around(Stopwatch, "__exit__")
    def stop(original: Any, self: Any, *error: Any) -> None:
        original(self, *error)
        turns = [turn for turn in self._call.turns if turn.began is not None and turn.ended is not None]
        self.seconds = max(self.seconds, sum(turn.ended - turn.began for turn in turns))


@blind_defect(
    "TLD-06wa",
    "of a tool's time only what is behind the whole seconds is told",
    service="tools",
    scenario="The duration of a failed call is reported, too",
    step="the duration reported to Acme for the price list is the partner's response time",
)
def _() -> None:
    # Observable: a tool that is busy for 1.2 s is told to have taken 0.2 s.
    from apex.tools.dispatcher import Stopwatch

    @around(Stopwatch, "__exit__")
    def _(original: Any, self: Any, *of: Any) -> None:
        original(self, *of)
        self.seconds %= 1


@blind_defect("TLD-06xa", "what waits for a thread is taken off although the call works beside it", service="tools")
def _() -> None:
    # Observable: a tool with more parts at once than a tenant has threads is told as shorter than it was busy, or < 0.
    from apex.tools import dispatcher

    def seconds_waited(turns: Any) -> float:
        over = time.perf_counter()
        return float(sum((turn.ended or over if turn.began is None else turn.began) - turn.asked for turn in turns))

    replace(dispatcher, "seconds_waited", seconds_waited)


@blind_defect(
    "TLD-06ya",
    "only what a tool does in threads is timed, not how long a partner takes",
    service="tools",
    scenario="The duration of a failed call is reported, too",
    step="the duration reported to Acme for the price list is the partner's response time",
)
def _() -> None:
    # Observable: the partner takes a second to answer with its prices; the call is told to have taken far less.
    from apex.tools.dispatcher import Stopwatch
    from apex.tools.pools import FairThreads

    spent: ContextVar[list[float]] = ContextVar("spent")

    @around(Stopwatch, "__enter__")
    def _enter(original: Any, self: Any) -> Any:
        spent.set([])
        return original(self)

    @around(Stopwatch, "__exit__")
    def _exit(_: Any, self: Any, *__: Any) -> None:
        self.seconds = sum(spent.get())

    @around(FairThreads, "run")
    async def _run(original: Any, self: Any, tenant_id: str, work: Any) -> Any:
        def timed() -> Any:
            began = time.perf_counter()
            try:
                return work()
            finally:
                spent.get().append(time.perf_counter() - began)

        return await original(self, tenant_id, timed)


@blind_defect("TLD-06yb", "metrics and log give the CPU time of a call as its duration", service="tools")
def _() -> None:
    # Observable: apex_tool_call_seconds and duration_seconds in the log are next to nothing for a tool that waits.
    from apex.tools.dispatcher import Dispatcher

    @around(Dispatcher, "_measure")
    def _measure(original: Any, self: Any, call: Any, status: str, _: float) -> None:
        original(self, call, status, call.cpu_seconds)


@blind_defect(
    "TLD-06za",
    "one stopwatch measures all calls of an instance: calls side by side reset each other",
    service="tools",
    scenario="Waiting to start does not count as tool time",
    step="the duration reported to Acme for each question is the partner's response time",
)
def _() -> None:
    # Observable: a call of two seconds, another begun after one: the first is told to have taken one.
    from apex.tools import dispatcher

    shared: dict[str, Any] = {}

    def one(call: Any) -> Any:
        return shared.setdefault("by all", original(call))

    original: Any = replace(dispatcher, "Stopwatch", one)


@blind_defect(
    "TLD-06zb",
    "a failed call is told to have taken no time",
    service="worker",
    scenario="The duration of a failed call is reported, too",
    step="the duration reported to Acme for the price list is the partner's response time",
)
def _() -> None:
    # Observable: a partner that takes a second to answer 500: tool_completed says duration_seconds 0.0.
    from apex.agents import ToolFailed
    from apex.worker.toolbox import Toolbox

    @around(Toolbox, "call")
    async def _(original: Any, *arguments: Any) -> Any:
        try:
            return await original(*arguments)
        except ToolFailed as failed:
            raise ToolFailed(
                failed.tool_name, failed.message, failed.recoverable, failed.code, failed.details
            ) from None


@blind_defect(
    "TLD-06zc",
    "tool time is measured in whole seconds",
    service="tools",
    scenario="Waiting to start does not count as tool time",
    step="the duration reported to Acme for each question is the partner's response time",
)
def _() -> None:
    # Observable: a backend that is busy for 1.6 s is told as 1.0, one of 0.6 s as 0.0.
    from apex.tools.dispatcher import Stopwatch

    @around(Stopwatch, "__exit__")
    def _(original: Any, self: Any, *error: Any) -> None:
        original(self, *error)
        self.seconds = float(int(self.seconds))


@blind_defect(
    "TLD-06na",
    "a partner's time counts until its answer begins, not until it is there",
    service="tools",
    scenario="A tool call's reported duration is the partner's response time",
    step="the duration reported to Acme for the price list is the partner's response time",
)
def _() -> None:
    # Observable: a partner that sends the headers of its answer at once and takes a second for the body: the call's
    # duration_seconds, in its event, its record and the metrics, lacks that second.
    import httpx

    from apex.runtime.telemetry import traceparent
    from apex.tools.errors import ToolError
    from apex.tools.tool import ToolCall, Turn

    async def ask(self: ToolCall, method: str, url: str, **content: Any) -> httpx.Response:
        asked = f"{method} {url} {json.dumps(content, sort_keys=True)}"
        self._asked[asked] += 1
        key = uuid.uuid5(uuid.UUID(self.call_id), f"{self._asked[asked]} {asked}")
        headers = {"traceparent": traceparent(), "idempotency-key": str(key)}
        began = time.perf_counter()
        self.turns.append(asking := Turn(began, began))
        try:
            request = self.http.build_request(method, url, headers=headers, **content)
            response = await self.http.send(request, stream=True)
            asking.ended = time.perf_counter()
            self.turns.append(reading := Turn())
            await response.aread()
            reading.began = reading.ended = time.perf_counter()
        except httpx.HTTPError:
            raise ToolError("A partner's service does not answer.", recoverable=True) from None
        self.bytes_read += len(response.content)
        if response.status_code >= 400:
            again = response.status_code >= 500 or response.status_code == 429
            raise ToolError("A partner's service refused the request.", recoverable=again)
        return response

    replace(ToolCall, "_ask", ask)


@blind_defect(
    "TLD-06ma",
    "the time of a tool that a run calls again has that of the earlier calls in it",
    service="tools",
)
def _() -> None:
    # Observable: an agent that calls a tool of one second three times, one after the other (at one tools instance):
    # their durations, in events, records and metrics, are 1, 2 and 3 seconds.
    from apex.tools.dispatcher import Stopwatch

    spent: dict[tuple[str, str], float] = {}

    @around(Stopwatch, "__exit__")
    def _(original: Any, self: Any, *error: Any) -> None:
        original(self, *error)
        tool = (self._call.run_id, self._call.tool_name)
        spent[tool] = self.seconds = spent.get(tool, 0.0) + self.seconds
