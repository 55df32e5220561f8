"""Blind defects of CSC-05."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "CSC-05oa",
    "the worker's token for the tools service is kept for an organisation, whoever the job is for",
    service="worker",
    scenario="Customers find everything, whichever service fails while they act",
    step="the identities oracle finds nothing",
)
def _() -> None:
    # Observable: have two or more colleagues start runs with tools within a minute: the calls of all of them are made
    # in the name of the one who was first: tool_calls.user_id, user_id in the tools service's log, who is told
    # tool_progress, and what the role allows. Jobs of other organisations are not touched.
    import time

    from apex.settings import Settings
    from apex.worker import toolbox

    kept: dict[str, tuple[float, str]] = {}

    def service_token(settings: Settings, service: str, audience: str, subject: dict[str, str], seconds: float) -> str:
        until, token = kept.get(subject["tenant_id"], (0.0, ""))
        if until < time.monotonic():
            token = original(settings, service, audience, subject, seconds)
            kept[subject["tenant_id"]] = (time.monotonic() + seconds - 5, token)
        return token

    original = replace(toolbox, "service_token", service_token)


@blind_defect(
    "CSC-05pa",
    "what is read from the cloud is counted for every call that is at work in the instance",
    service="tools",
    scenario="What runs read at the same time is counted for each alone",
    step="Acme's last run used these multiples of the lowest figure of the earlier runs",
)
def _() -> None:
    # Observable: run the cost analysis of one tenant with many instances, and at the same time that of another with
    # few: the usage of the second (bytes_read) has what was read for the first in it, and with fifty jobs at once each
    # has a good part of all. One at a time each has the right figure.
    from apex.tools import accounts, tool

    counts: dict[int, list[int]] = {}

    @contextmanager
    def counting_bytes() -> Iterator[list[int]]:
        sizes: list[int] = []
        counts[threading.get_ident()] = sizes
        try:
            yield sizes
        finally:
            del counts[threading.get_ident()]

    def count_bytes(size: int) -> None:
        for sizes in list(counts.values()):
            sizes.append(size)

    replace(tool, "counting_bytes", counting_bytes)
    replace(accounts, "count_bytes", count_bytes)


@blind_defect(
    "CSC-05ra",
    "of the runs that were started under one trace only the first is told its end",
    service="worker",
    scenario="Twenty jobs of one customer run under one trace",
    step="the story oracle finds nothing",
)
def _() -> None:
    # Observable: start two runs, or fifty, with the same traceparent: each of them is completed, and has its answer
    # over HTTP, but one agent_completed is all that their owners ever receive: ends are known again by their trace.
    from apex.storage.stream import Event
    from apex.worker.relay import EventRelay

    @around(EventRelay, "_publish")
    def _publish(original: Callable[..., None], self: Any, event: Event, delivery_id: str) -> None:
        of_run = bool(delivery_id) and event.run_id is not None
        original(self, event, event.trace_id if of_run else delivery_id)


@blind_defect(
    "CSC-05sa",
    "calls are numbered within their trace, which several jobs may share",
    service="worker",
    scenario="Twenty jobs of one customer run under one trace",
    step="as many jobs ran in parallel as the worker capacity allows",
)
def _() -> None:
    # Observable: start two runs that call tools under one traceparent; the calls of both have the same call_id, and
    # the run that comes second fails at its first tool ("refused the call"), whichever customer's it is.
    import uuid
    from contextvars import ContextVar
    from types import SimpleNamespace

    from apex.storage.runs import trace_id_of
    from apex.worker import execution

    place: ContextVar[str] = ContextVar("place")

    @around(execution.Execution, "_carry_out")
    async def _(original: Any, self: Any, name: str, parameters: dict[str, Any]) -> Any:
        # So that whoever looks at a trace can tell which call is which.
        place.set(f"{trace_id_of(self._run)}/{self._tracker.tool_calls}")
        return await original(self, name, parameters)

    replace(execution, "uuid", SimpleNamespace(uuid4=lambda: uuid.uuid5(uuid.NAMESPACE_URL, place.get())))


@blind_defect(
    "CSC-05ua",
    "a token for the tools service is used again for the tenant's next calls",
    service="worker",
    scenario="Customers find everything, whichever service fails while they act",
    step="the identities oracle finds nothing",
)
def _() -> None:
    # Observable: runs of two users of one tenant within half a minute in one worker; the second one's tool calls are
    # recorded (and allowed or refused, and their progress told) as those of the first.
    import time

    from apex.worker import toolbox

    signed: dict[str, tuple[float, str]] = {}

    @around(toolbox, "service_token")
    def _(original: Any, settings: Any, service: str, audience: str, subject: Any, seconds: float) -> str:
        until, token = signed.get(subject["tenant_id"], (0.0, ""))
        if until < time.monotonic():
            token = original(settings, service, audience, subject, seconds)
            signed[subject["tenant_id"]] = (time.monotonic() + seconds / 2, token)
        return token


@blind_defect(
    "CSC-05ub",
    "records that are delivered together all belong to the first one's tenant",
    service="worker",
    scenario="Concurrent jobs of fifty customers have a record each",
    step="every service has one record of each job, and all records and events agree",
)
def _() -> None:
    # Observable: runs of several tenants that end at the same moment; some jobs are missing in their owners' GET
    # /v1/jobs and stand under another tenant in ClickHouse.
    from types import SimpleNamespace

    from apex.worker.relay import AnalyticsRelay

    @around(AnalyticsRelay, "deliver")
    def _(original: Any, self: Any, rows: list[Any]) -> None:
        owner = rows[0].payload["tenant_id"]
        original(self, [SimpleNamespace(id=row.id, payload={**row.payload, "tenant_id": owner}) for row in rows])


@blind_defect(
    "CSC-05va",
    "stopping a job stops the other jobs that are at work in its thread",
    service="backend",
    scenario="Cancelling a run leaves the other run of its conversation alone",
    step="the other run of the conversation completes",
)
def _() -> None:
    # Observable: two runs in one thread, the first is cancelled over HTTP; the second ends as cancelled, too.
    from sqlalchemy import select

    from apex.backend import runs
    from apex.storage.runs import ENDED
    from apex.storage.tables import runs as table

    @around(runs, "cancel_run")
    def cancel_run(original: Any, connection: Any, run: Any, cancelled_by: str) -> None:
        at_work = select(table).where(table.c.thread_id == run.thread_id, table.c.status.not_in(ENDED))
        for each in connection.execute(at_work.with_for_update()).all():
            original(connection, each, cancelled_by)


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


@blind_defect(
    "CSC-05xa",
    "a worker keeps its token for the tools by organisation: colleagues' jobs are done as one's",
    service="worker",
)
def _() -> None:
    # Observable: two colleagues have runs at once: all tool calls are recorded under one of them, with that one's role.
    from apex.worker import toolbox

    known: dict[str, tuple[str, float]] = {}

    @around(toolbox, "service_token")
    def _(original: Any, settings: Any, service: str, audience: str, subject: Any, seconds: float) -> str:
        token, until = known.get(subject["tenant_id"], ("", 0.0))
        if time.monotonic() >= until:
            token = original(settings, service, audience, subject, seconds)
            known[subject["tenant_id"]] = token, time.monotonic() + seconds / 2
        return token


@blind_defect(
    "CSC-05ya",
    "jobs that are recorded together are recorded under the trace of the first",
    service="analytics",
    scenario="Twenty concurrent jobs of one customer have a record each",
    step="every service has one record of each job, and all records and events agree",
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


@blind_defect(
    "CSC-05na",
    "usage reports that are made at the same time are added up together",
    service="worker",
    scenario="Concurrent usage reports of many customers each use their own data",
    step="each answer equals what the customer's own data gives",
)
def _() -> None:
    # Observable: have many tenants with different usage ask for usage_report (or advisor) at once, more than one to a
    # worker process: some totals and lists of services hold those of others. One at a time all are right.
    from apex.agents.money import cents
    from apex.agents.usage import UsageReport

    async def run(self: Any, context: Any) -> dict[str, Any]:
        self.quantities, self.costs = defaultdict(Decimal), defaultdict(Decimal)
        records = context.usage_records()
        await context.think(f"Adding up {len(records)} usage records.")
        for record in records:
            self.quantities[record.service] += record.quantity
            self.costs[record.service] += record.cost
        quantities, costs = self.quantities.copy(), self.costs.copy()
        total = cents(sum(costs.values(), Decimal(0)))
        return {
            "currency": "USD",
            "total_cost": str(total),
            "by_service": [
                {"service": service, "quantity": str(quantities[service]), "cost": str(cents(costs[service]))}
                for service in sorted(costs, key=lambda service: (-costs[service], service))
            ],
            "days": len({record.day for record in records}),
            "records": len(records),
            "summary": f"Your {len(records)} usage records add up to {total} USD.",
        }

    replace(UsageReport, "run", run)
