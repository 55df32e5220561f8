"""Blind defects of service_coordination, written from the promises alone."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Collection
from typing import Any

import httpx

from defects import blind_defect
from defects._patching import around, replace

# -- CSC-01: one run through backend, tools and analytics -------------------------------------------------------------


@blind_defect(
    "CSC-01za",
    "tool calls side by side are counted as one",
    service="worker",
    scenario="A cost analysis is recorded once by every service that took part",
    step="every service has one record of each job, and all records agree",
)
def _() -> None:
    # Seen: a cost analysis has three calls in the tools' record, two in its usage and in its analytics record.
    from apex.worker.tracker import Tracker

    @around(Tracker, "call_started")
    def _(original: Callable[..., None], self: Any, *arguments: Any) -> None:
        beside = bool(self._open_calls)
        original(self, *arguments)
        if beside:
            self.tool_calls -= 1


@blind_defect(
    "CSC-01zb",
    "a timed-out run is a failed job in the analytics",
    service="worker",
    scenario="A job that takes too long is recorded once, as timed out",
    step="every service has one record of each job, and all records agree",
)
def _() -> None:
    # Seen: the run is timed_out in the API and failed in GET /v1/jobs.
    from types import SimpleNamespace

    from apex.worker.relay import AnalyticsRelay

    @around(AnalyticsRelay, "deliver")
    def _(original: Callable[..., None], self: Any, rows: list[Any]) -> None:
        told = {"timed_out": "failed"}
        records = [{**row.payload, "status": told.get(row.payload["status"], row.payload["status"])} for row in rows]
        original(self, [SimpleNamespace(id=row.id, payload=record) for row, record in zip(rows, records, strict=True)])


@blind_defect(
    "CSC-01zc",
    "a tool call that fails stays running in the tools' record",
    service="tools",
    scenario="A failed job is recorded once, as failed",
    step="every service has one record of each job, and all records agree",
)
def _() -> None:
    # Seen: the story says that the call has failed, the record of the call says running, for ever.
    from apex.tools.calls import CallRecords

    @around(CallRecords, "finish")
    def _(original: Callable[..., None], self: Any, call: Any, answer: Any) -> None:
        if answer.status == "succeeded":
            original(self, call, answer)


@blind_defect(
    "CSC-01zd",
    "of runs under one trace that end together one is recorded",
    service="analytics",
    scenario="Jobs that belong to one trace are recorded each",
    step="the analytics service has a record of each job",
)
def _() -> None:
    # Seen: start several runs with the same traceparent at once; some have no job in the analytics.
    from apex.analytics.store import Jobs

    @around(Jobs, "add")
    def _(original: Callable[..., None], self: Any, jobs: list[Any]) -> None:
        original(self, list({job.trace_id: job for job in jobs}.values()))


# -- CSC-02: events of several services as one story ------------------------------------------------------------------


@blind_defect(
    "CSC-02za",
    "a tool does not wait until its report has been told",
    service="tools",
    scenario="A tool's progress reports arrive in causal order",
    step="each progress report came after the start and before the end of its tool call",
)
def _() -> None:
    # Seen: reports of one call overtake each other (done goes back), and the last is lost behind the call's end.
    from apex.tools.sanitising import masked
    from apex.tools.tool import ToolCall

    telling: set[asyncio.Task[None]] = set()

    async def report(self: Any, message: str, done: int, total: int) -> None:
        told = {"message": masked(message), "done": done, "total": total}

        async def tell() -> None:
            # Whoever comes first is the slowest, so that they overtake each other every time.
            await asyncio.sleep(0.1 * (total - done))
            await asyncio.to_thread(self.tell, told)

        task = asyncio.create_task(tell())
        telling.add(task)
        task.add_done_callback(telling.discard)

    replace(ToolCall, "report", report)


@blind_defect("CSC-02zb", "what a tool reports of a call that is over still comes into the story", service="tools")
def _() -> None:
    # Seen: a call is cut off while its tool reports busily: a tool_progress follows its tool_completed.
    from apex.storage import stream

    over = "redis.call('HEXISTS', run, 'over:' .. call) == 1"
    assert over in stream._PUBLISH
    replace(stream, "_PUBLISH", stream._PUBLISH.replace(over, "false"))


@blind_defect(
    "CSC-02zc", "a worker hands its events to a pool of threads, so as not to hold up its loop", service="worker"
)
def _() -> None:
    # Seen: events that follow each other at once change places: a thought behind the call that it led to.
    from apex.storage.runs import trace_id_of
    from apex.storage.stream import Event, rfc3339
    from apex.worker.tracker import Tracker

    def emit(self: Any, type: str, agent_name: str, payload: dict[str, Any]) -> None:
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
        )
        asyncio.get_running_loop().run_in_executor(None, self._stream.publish, event)

    replace(Tracker, "emit", emit)


# -- CSC-03: services find each other ---------------------------------------------------------------------------------


@blind_defect(
    "CSC-03za",
    "a heartbeat does not renew a registration that is still there",
    service="tools",
)
def _() -> None:
    # Seen: every lease a living instance is missing for a moment from GET /v1/operations/instances.
    from apex.runtime import discovery

    written = "redis.call('SET', registration, ARGV[2], 'PX', ARGV[3])"
    assert written in discovery._REGISTER
    replace(discovery, "_REGISTER", discovery._REGISTER.replace(written, f"{written[:-1]}, 'NX')"))


@blind_defect("CSC-03zb", "a worker that knows an instance looks for others less and less often", service="worker")
def _() -> None:
    # Seen: a tools instance that is started after some minutes gets no call for up to a minute.
    from apex.runtime.discovery import Directory

    def run(self: Any) -> None:
        pause = self._registry.settings.heartbeat_seconds
        while not self._closed.is_set():
            try:
                found = [instance.url for instance in self._registry.instances()]
            except Exception:
                found = []
            if found and set(found) == set(self._urls):
                pause = min(pause * 2, 60.0)
            elif found:
                self._urls, pause = found, self._registry.settings.heartbeat_seconds
            self._closed.wait(pause)

    replace(Directory, "run", run)


@blind_defect(
    "CSC-03zc",
    "all calls go to the first instance while it is there",
    service="worker",
    scenario="A second instance is found after it starts",
    step="Acme's next job runs on both tools instances",
)
def _() -> None:
    # Seen: the second instance is listed and gets no call.
    from apex.runtime.discovery import Directory

    def pick(self: Any, avoid: Collection[str] = ()) -> str:
        urls: list[str] = self._urls
        return next((url for url in urls if url not in avoid), urls[0])

    replace(Directory, "pick", pick)


@blind_defect("CSC-03zd", "an instance that was found once stays in a worker's list", service="worker")
def _() -> None:
    # Seen: long after the crash the worker still calls the dead instance in its turn (log: broke off).
    from apex.runtime.discovery import Directory

    @around(Directory, "pick")
    def _(original: Callable[..., str], self: Any, avoid: Collection[str] = ()) -> str:
        known = self.__dict__.setdefault("_found", {})
        known.update(dict.fromkeys(self._urls))
        self._urls = list(known)
        return original(self, avoid)


# -- CSC-04: one instance's death -------------------------------------------------------------------------------------


@blind_defect(
    "CSC-04za",
    "a call that is repeated at another instance has a key of its own",
    service="worker",
    scenario="Finished work is not repeated when its response is lost",
    step="each job has its own results, and the partner has answered each request once",
)
def _() -> None:
    # Seen: after the kill there are two records of one call, and the partner's work was done twice.
    from apex.worker.toolbox import Toolbox

    @around(Toolbox, "_post")
    async def _(original: Callable[..., Any], self: Any, url: str, call_id: str, *arguments: Any) -> Any:
        asked = self.__dict__.setdefault("_asked_before", set())
        key = str(uuid.uuid4()) if call_id in asked else call_id
        asked.add(call_id)
        return await original(self, url, key, *arguments)


@blind_defect(
    "CSC-04zb",
    "a worker waits for half a lease until a dead instance's call is free",
    service="worker",
    scenario="One of two instances crashes while both are working",
    step="each job has its own results, and the partner has answered each request once",
)
def _() -> None:
    # Seen: the runs whose calls were at work in the killed instance fail: "still carrying out the call".
    from apex.worker import toolbox

    replace(toolbox, "_LEASES", 0.5)


@blind_defect(
    "CSC-04zc",
    "only a call that was not handed over is tried elsewhere, none that broke off",
    service="worker",
    scenario="Finished work is not repeated when its response is lost",
    step="each job has its own results, and the partner has answered each request once",
)
def _() -> None:
    # Seen: the runs whose calls were at work in the killed instance fail: "could not be reached".
    from apex.worker.toolbox import Toolbox

    @around(Toolbox, "_post")
    async def _(original: Callable[..., Any], self: Any, *arguments: Any) -> Any:
        try:
            return await original(self, *arguments)
        except (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError) as error:
            raise httpx.ReadTimeout(str(error)) from error


# -- CSC-05: many coordinated jobs at once ----------------------------------------------------------------------------


@blind_defect(
    "CSC-05za",
    "the tool of prices keeps the wanted types on itself while the partner answers",
    service="tools",
    scenario="Ten customers at the same time each get their own result",
    step="each customer's answer equals the savings in their own inventory",
)
def _() -> None:
    # Seen: of two jobs at once with different instance types one has no prices and so no savings.
    from apex.tools.cloud import ReadPrices
    from apex.tools.errors import ToolError

    async def execute(self: Any, call: Any, parameters: Any) -> dict[str, Any]:
        account = await call.cloud()
        self._wanted = dict.fromkeys(parameters.instance_types)
        response = await call.fetch(f"{call.pricing_url}/v1/prices", {"region": account.region})
        try:
            listed = response.json()
            known = dict(listed["prices"])
            prices = {kind: str(known[kind]) for kind in self._wanted if kind in known}
            return {"currency": str(listed["currency"]), "prices": prices}
        except (ValueError, KeyError, TypeError):
            raise ToolError("The price list could not be read.", recoverable=True) from None

    replace(ReadPrices, "execute", execute)


@blind_defect("CSC-05zb", "the price list is kept for a minute, whatever region it was read for", service="tools")
def _() -> None:
    # Seen: a job in another region within a minute is priced with the first one's prices.
    import time

    from apex.tools.tool import ToolCall

    kept: dict[str, tuple[float, Any]] = {}

    @around(ToolCall, "fetch")
    async def _(original: Callable[..., Any], self: Any, url: str, parameters: Any = None) -> Any:
        until, response = kept.get(url, (0.0, None))
        if response is None or until < time.monotonic():
            response = await original(self, url, parameters)
            kept[url] = time.monotonic() + 60, response
        return response


@blind_defect("CSC-05zc", "once an answer was partial, all later answers of the slot are", service="worker")
def _() -> None:
    # Seen: after an advice without its cost analysis, complete runs of others are marked as partial.
    from apex.worker.execution import Execution

    @around(Execution, "leave_out")
    def _(original: Callable[..., None], self: Any, part: str) -> None:
        original(self, part)
        self._toolbox.partial = True

    @around(Execution, "perform")
    async def _(original: Callable[..., Any], self: Any) -> Any:
        answer = await original(self)
        self._tracker.partial = getattr(self._toolbox, "partial", False)
        return answer
