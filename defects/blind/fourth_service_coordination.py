"""Blind defects of service_coordination, fourth round, written from the promises alone."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "CSC-01wa",
    "analytics dates a job by when its record arrives, not by when it ended",
    service="analytics",
    scenario="A failed job is recorded once, as failed",
    step="every service has one record of each job, and all records agree",
)
def _() -> None:
    # Observable: a run ends while analytics is away: its job's finished_at is minutes after the run's.
    from apex.analytics.store import Jobs

    @around(Jobs, "add")
    def _(original: Any, jobs: Any, records: Any) -> None:
        arrived = {"finished_at": datetime.now(UTC)}
        original(jobs, [record.model_copy(update=arrived) for record in records])


@blind_defect(
    "CSC-02wa",
    "what waited for Redis to come back is told newest first",
    service="worker",
    scenario="Notices arrive after an interruption in the order they were sent",
    step="Acme receives the three notices in the order in which they were sent",
)
def _() -> None:
    # Observable: cancel two waiting runs, or send two notices, while Redis is away: the second is told first.
    from apex.worker.relay import EventRelay

    around(EventRelay, "deliver")(lambda original, relay, rows: original(relay, rows[::-1]))


@blind_defect(
    "CSC-03wa",
    "an instance that is new gets no work for a quarter of a minute, if there is another",
    service="worker",
    scenario="A second instance is found after it starts",
    step="Acme's next job runs on both tools instances",
)
def _() -> None:
    # Observable: start a second instance: it is in the list of instances, and every call goes to the first.
    from apex.runtime.discovery import Registry

    @around(Registry, "instances")
    def _(original: Any, registry: Any) -> Any:
        known = sorted(original(registry), key=lambda instance: str(instance.started_at))
        now = datetime.now(UTC)
        warm = [each for each in known if (now - datetime.fromisoformat(each.started_at)).total_seconds() > 15]
        return warm or known[:1]


@blind_defect(
    "CSC-04wa",
    "a call that another instance carries out again reaches the partner as a new request",
    service="tools",
    scenario="An instance that crashes and comes back at once loses no job",
    step="each job has its own results, and the partner has answered each request once",
)
def _() -> None:
    # Observable: kill an instance after it has sent a call to a partner: the partner gets it twice, under two keys.
    from apex.tools import tool

    replace(tool, "uuid", SimpleNamespace(UUID=uuid.UUID, uuid5=lambda *_: uuid.uuid4()))


@blind_defect("CSC-05wa", "jobs that ask a partner for the same thing at once share one request", service="tools")
def _() -> None:
    # Observable: two runs read prices at once: one has no bytes of them; when one is cancelled the other fails.
    from apex.tools.tool import ToolCall

    at_once: dict[str, asyncio.Task[Any]] = {}

    @around(ToolCall, "_ask")
    async def _(original: Any, call: Any, method: str, url: str, **content: Any) -> Any:
        key = f"{method} {url} {content}"
        if method != "GET":
            return await original(call, method, url, **content)
        if key not in at_once:
            at_once[key] = asyncio.ensure_future(original(call, method, url, **content))
            at_once[key].add_done_callback(lambda _: at_once.pop(key, None))
        return await at_once[key]
