"""Blind defects of service_coordination, second round, written from the promises alone."""

from __future__ import annotations

from typing import Any

from defects import blind_defect
from defects._patching import around, replace

# -- CSC-01 -----------------------------------------------------------------------------------------------------------


@blind_defect(
    "CSC-01ya",
    "records of jobs that end while analytics is away are taken for delivered",
    service="worker",
    scenario="A record that is delivered again is stored once",
    step="Acme runs a usage report while acknowledgements of the run's job record are lost",
)
def _() -> None:
    # Observable: stop analytics, let a run end, start it again: the job never appears.
    import httpx
    import structlog

    from apex.worker.relay import AnalyticsRelay, Undelivered

    @around(AnalyticsRelay, "deliver")
    def _(original: Any, self: Any, rows: Any) -> None:
        try:
            original(self, rows)
        except (httpx.HTTPError, Undelivered) as error:
            structlog.get_logger().warning("analytics does not answer", reason=type(error).__name__)


@blind_defect(
    "CSC-01yb",
    "analytics keeps the duration of a job in whole seconds",
    service="analytics",
    scenario="A failed job is recorded once, as failed",
    step="every service has one record of each job, and all records agree",
)
def _() -> None:
    # Observable: the job's duration is not the run's; that of a quick run is 0.
    from apex.analytics.store import Jobs

    @around(Jobs, "add")
    def _(original: Any, self: Any, jobs: Any) -> None:
        original(self, [job.model_copy(update={"duration_seconds": job.duration_seconds // 1}) for job in jobs])


# -- CSC-02 -----------------------------------------------------------------------------------------------------------


@blind_defect(
    "CSC-02ya",
    "what a tool reports within half a second after its last report is not told",
    service="tools",
    scenario="A tool's progress reports arrive in causal order",
    step="each progress report came after the start and before the end of its tool call",
)
def _() -> None:
    # Observable: a tool that reports several times in a row: the customer sees the first, and never that all is done.
    import time

    from apex.tools.tool import ToolCall

    told_at: dict[str, float] = {}

    @around(ToolCall, "report")
    async def _(original: Any, self: Any, message: str, done: int, total: int) -> None:
        if time.monotonic() - told_at.get(self.call_id, float("-inf")) >= 0.5:
            told_at[self.call_id] = time.monotonic()
            await original(self, message, done, total)


@blind_defect(
    "CSC-02yb",
    "with each report a tool cuts the customer's story down to its last twenty events",
    service="tools",
    scenario="A second instance is found after it starts",
    step="the story oracle finds nothing",
)
def _() -> None:
    # Observable: after a run whose tool reports, a client that resumes from more than twenty events ago has lost them.
    from apex.storage.stream import EventStream

    @around(EventStream, "__init__")
    def _(original: Any, self: Any, url: str, window: int, *others: Any) -> None:
        original(self, url, 20, *others)


# -- CSC-03 -----------------------------------------------------------------------------------------------------------


@blind_defect(
    "CSC-03ya",
    "an instance that once cannot register does not try again",
    service="tools",
    scenario="Instances are found again after the register could not be reached",
    step="the operator finds both tools instances in time",
)
def _() -> None:
    # Observable: Redis away for a moment and back: after a lease the instance, which still works, is known to nobody.
    from apex.runtime.discovery import Heartbeat

    def run(self: Any) -> None:
        while not self._closed.is_set():
            self._registry.register(self._instance)
            self._closed.wait(self._registry.settings.heartbeat_seconds)

    replace(Heartbeat, "run", run)


@blind_defect(
    "CSC-03yb",
    "an instance that has once broken off is avoided for ever, also when it is back",
    service="worker",
    scenario="An instance that crashes and comes back at once loses no job",
    step="Acme's next job runs on both tools instances",
)
def _() -> None:
    # Observable: kill one of two tools instances during a call and start it again at its address: it gets no calls.
    from apex.runtime.discovery import Directory

    avoided: set[str] = set()

    @around(Directory, "pick")
    def _(original: Any, self: Any, avoid: Any = ()) -> Any:
        avoided.update(avoid)
        return original(self, avoided)


# -- CSC-04 -----------------------------------------------------------------------------------------------------------


@blind_defect(
    "CSC-04ya",
    "an instance that is started again under its name is taken for the one that died",
    service="tools",
    scenario="An instance that crashes and comes back at once loses no job",
    step="each job has its own results, and the partner has answered each request once",
)
def _() -> None:
    # Observable: kill an instance with calls in hand and start it again at once: nobody takes them over, the runs fail.
    from apex.tools.calls import CallRecords

    @around(CallRecords, "_is_free")
    def _(original: Any, self: Any, known: Any) -> bool:
        if not original(self, known) or known.status == "cancelled":
            return bool(known.status == "cancelled")
        return all(instance.name != known.instance for instance in self._registry.instances())


@blind_defect(
    "CSC-04yb",
    "a call that has to be asked for again counts as another call in the customer's usage",
    service="worker",
    scenario="Finished work is not repeated when its response is lost",
    step="every service has one record of each job, and all records agree",
)
def _() -> None:
    # Observable: after an instance died, usage (and analytics) say more tool calls than the story and the record have.
    from contextvars import ContextVar

    from apex.worker.execution import Execution
    from apex.worker.toolbox import Toolbox

    current: ContextVar[Any] = ContextVar("current")
    asked: set[str] = set()

    @around(Execution, "_carry_out")
    async def _(original: Any, self: Any, name: str, parameters: dict[str, Any]) -> Any:
        current.set(self._tracker)
        return await original(self, name, parameters)

    @around(Toolbox, "_post")
    async def _(original: Any, self: Any, url: str, call_id: str, *others: Any) -> Any:
        current.get().tool_calls += call_id in asked
        asked.add(call_id)
        return await original(self, url, call_id, *others)


# -- CSC-05 -----------------------------------------------------------------------------------------------------------


@blind_defect(
    "CSC-05ya",
    "jobs that are recorded together are recorded under the trace of the first",
    service="analytics",
    scenario="Twenty concurrent jobs of one customer have a record each",
    step="every service has one record of each job, and all records agree",
)
def _() -> None:
    # Observable: many runs that end at once, each with a trace of its own; their records share traces.
    from apex.analytics.store import Jobs

    @around(Jobs, "add")
    def _(original: Any, self: Any, jobs: Any) -> None:
        original(self, [job.model_copy(update={"trace_id": jobs[0].trace_id}) for job in jobs])


@blind_defect(
    "CSC-05yb",
    "what calls side by side read from their clouds is counted for the one that began last",
    service="tools",
)
def _() -> None:
    # Observable: bytes_read of equal runs differ when they run side by side, some have read next to nothing.
    from apex.tools import counting

    class Shared:
        sizes: Any = None

        def get(self) -> Any:
            return self.sizes

        def set(self, sizes: Any) -> Any:
            before, self.sizes = self.sizes, sizes
            return before

        def reset(self, before: Any) -> None:
            self.sizes = before

    replace(counting, "_sizes", Shared())
