"""Blind defects of service_coordination, written from the promises alone."""

from __future__ import annotations

from typing import Any

from defects import blind_defect
from defects._patching import around, replace

# -- agent execution --------------------------------------------------------------------------------------------------


@blind_defect(
    "CSC-01ta",
    "a job's record gets its id anew with each attempt to deliver it",
    service="worker",
    scenario="A record that is delivered again is stored once",
    step="every service has one record of each job, and all records agree",
)
def _() -> None:
    # Observable: let the answer of analytics to POST /v1/records be lost once (cut it, or delay it beyond 10 s); the
    # record is sent again, and GET /v1/jobs shows the same run twice.
    import uuid
    from types import SimpleNamespace

    from apex.worker.relay import AnalyticsRelay

    @around(AnalyticsRelay, "deliver")
    def _(original: Any, self: Any, rows: list[Any]) -> None:
        anew = [SimpleNamespace(payload={**row.payload, "record_id": str(uuid.uuid4())}) for row in rows]
        original(self, anew)


@blind_defect(
    "CSC-02ta",
    "a worker sends its events together every 0.15 s, the tools theirs at once",
    service="worker",
    scenario="A progress report arrives while its tool is still running",
    step="the story oracle finds nothing",
)
def _() -> None:
    # Observable: a tool that reports progress within 0.15 s of its call; its tool_progress comes, and is numbered,
    # before the tool_executing of the same call_id.
    import asyncio

    from apex.worker.tracker import Tracker

    due: set[int] = set()

    @around(Tracker, "_tell")
    def _(original: Any, self: Any) -> None:
        if self.finished:
            original(self)
        elif id(self) not in due:
            due.add(id(self))
            asyncio.get_running_loop().call_later(0.15, send, original, self)

    def send(original: Any, tracker: Any) -> None:
        due.discard(id(tracker))
        if not tracker.finished:
            original(tracker)


@blind_defect(
    "CSC-03ta",
    "instances are looked up at the start, and then only when one has broken off",
    service="worker",
    scenario="A second instance is found after it starts",
    step="Acme's next job runs on both tools instances",
)
def _() -> None:
    # Observable: start a second instance of tools while the platform runs, and run twenty jobs: the operators' list
    # shows it, but it gets no call at all as long as the first one lives.
    import structlog

    from apex.runtime.discovery import Directory

    log = structlog.get_logger()

    @around(Directory, "pick")
    def _(original: Any, self: Any, avoid: Any = ()) -> str:
        if avoid:
            self.is_outdated = True
        url: str = original(self, avoid)
        return url

    def run(self: Any) -> None:
        self.is_outdated = True
        while not self._closed.is_set():
            if self.is_outdated:
                try:
                    found = [instance.url for instance in self._registry.instances()]
                except Exception as error:
                    log.warning("instances not looked up", reason=type(error).__name__)
                else:
                    self._urls = found or self._urls
                    self.is_outdated = not found
            self._closed.wait(self._registry.settings.heartbeat_seconds)

    replace(Directory, "run", run)


@blind_defect(
    "CSC-04ta",
    "a call that is asked for again has another key",
    service="worker",
    scenario="An instance that crashes and comes back at once loses no job",
    step="each job has its own results, and the partner has answered each request once",
)
def _() -> None:
    # Observable: two instances of tools; kill one (or reset its line) while it waits for the partner's answer to a
    # POST: the other carries the call out as a new one, the partner sees a second request under a second
    # Idempotency-Key, and tool_calls has two rows.
    import uuid
    from collections import Counter

    from apex.worker.toolbox import Toolbox

    @around(Toolbox, "_post")
    async def _(original: Any, self: Any, url: str, call_id: str, call: Any, caller: Any) -> Any:
        attempts: Counter[str] = self.__dict__.setdefault("attempts", Counter())
        if len(attempts) > 1_000:
            attempts.clear()
        attempts[call_id] += 1
        number = attempts[call_id]
        key = call_id if number == 1 else str(uuid.uuid5(uuid.UUID(call_id), str(number)))
        return await original(self, url, key, call, caller)


# -- business data ----------------------------------------------------------------------------------------------------
