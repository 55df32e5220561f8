"""Blind defects of agent_execution, fifth round, written from the promises alone."""

from __future__ import annotations

from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "AEC-01va",
    "instances of the largest known size, 4xlarge, are never found oversized",
    service="worker",
    scenario="The savings equal those in the customer's own inventory",
    step="the answer equals the savings in Acme's own inventory",
)
def _() -> None:
    # Observable: a 4xlarge instance at 10 % CPU is missing in the findings, and its saving in the total.
    from apex.agents import inventory

    replace(inventory, "_SIZES", inventory._SIZES[:-1])


@blind_defect(
    "AEC-02va",
    "in a thread of more than fifty messages a follow-up knows the oldest fifty",
    service="worker",
    scenario="A third run builds on the second in a long conversation, too",
    step="the answer states no change since the previous answer",
)
def _() -> None:
    # Observable: after 50 messages and a finished cost analysis, a second one there has ``previous`` null.
    from sqlalchemy import select

    from apex.agents.agent import Message
    from apex.storage.tables import messages
    from apex.worker import supervisor

    def read_history(database: Any, run: Any) -> list[Message]:
        before = (messages.c.thread_id == run.thread_id, messages.c.created_at < run.created_at)
        query = select(messages).where(*before).order_by(messages.c.created_at, messages.c.id).limit(50)
        with database.tenant(run.tenant_id) as connection:
            return [Message(row.role, row.content, row.data, row.run_id) for row in connection.execute(query)]

    replace(supervisor, "read_history", read_history)


@blind_defect(
    "AEC-03va",
    "what a cut-off call still brings is taken for the answer to the slot's next one",
    service="worker",
    scenario="Removing a colleague cancels the colleague's runs",
    step="the run's request to the partner is aborted in time",
)
def _() -> None:
    # Observable: cancel a run amid list_instances; whoever's run has its slot next gets that tenant's instances.
    import asyncio

    from apex.worker.toolbox import Toolbox

    @around(Toolbox, "call")
    async def call(original: Any, self: Any, call_id: str, name: str, *rest: Any) -> Any:
        unread = self.__dict__.setdefault("unread", {})
        asked = asyncio.ensure_future(original(self, call_id, name, *rest))
        first = unread.pop(name, asked)
        try:
            return await asyncio.shield(first)
        finally:
            if not asked.done():
                unread[name] = asked


@blind_defect(
    "AEC-04va",
    "an agent that does not give way at its limit is left another five seconds",
    service="worker",
    scenario="Hanging runs on every worker do not stop other customers",
    step="Borealis' run completes in time",
)
def _() -> None:
    # Observable: an agent that blocks its thread; agent_error comes more than five seconds after the time limit.
    from apex.worker import slot

    replace(slot, "_GRACE_SECONDS", 5.0)


@blind_defect(
    "AEC-05va",
    "the calls that a crashed agent has left at work are not stopped",
    service="worker",
)
def _() -> None:
    # Observable: an agent that raises beside a call of its own; the tool works on, its call has no tool_completed.
    import asyncio
    import sys

    from apex.worker.execution import Execution

    @around(Execution, "stop_calls")
    def stop_calls(original: Any, self: Any) -> Any:
        return asyncio.sleep(0) if isinstance(sys.exc_info()[1], Exception) else original(self)


@blind_defect(
    "AEC-06va", "a step that cannot be told because Redis is away is left out, and the run goes on", service="worker"
)
def _() -> None:
    # Observable: Redis stopped for a second amid a run; it completes, and its story lacks thoughts or ends of calls.
    import structlog
    from redis.exceptions import RedisError

    from apex.worker.tracker import Tracker

    log = structlog.get_logger()

    @around(Tracker, "emit")
    def emit(original: Any, self: Any, type: str, agent_name: str, payload: dict[str, Any]) -> None:
        try:
            original(self, type, agent_name, payload)
        except RedisError as error:
            log.warning("event not told", event_type=type, reason=error.__class__.__name__)


@blind_defect(
    "AEC-07va",
    "operators' pages go by whole seconds: runs begun in the second of a page's end are lost",
    service="backend",
    scenario="The pages of the list show every run once",
    step="each of Acme's runs is shown once, the newest first",
)
def _() -> None:
    # Observable: five runs asked for at once; an operator who pages through them by two does not meet them all.
    from apex.backend import operations

    @around(operations, "next_cursor")
    def next_cursor(original: Any, rows: Any, limit: int) -> str | None:
        cursor = original(rows, limit)
        if cursor is None:
            return None
        microseconds, _, row_id = cursor.partition("_")
        return f"{int(microseconds) // 1_000_000 * 1_000_000}_{row_id}"


@blind_defect("AEC-08va", "a call that is asked for once more, elsewhere, comes without its trace", service="worker")
def _() -> None:
    # Observable: kill a tools instance amid a call; the logs of the one that takes over, and the partner, have another
    # trace id than the run.
    from opentelemetry import trace

    from apex.worker.toolbox import Toolbox

    asked: set[str] = set()

    @around(Toolbox, "_post")
    async def post(original: Any, self: Any, url: str, call_id: str, *rest: Any) -> Any:
        if call_id not in asked:
            asked.add(call_id)
            return await original(self, url, call_id, *rest)
        with trace.use_span(trace.INVALID_SPAN):
            return await original(self, url, call_id, *rest)


@blind_defect(
    "AEC-09va",
    "an unknown variant of an agent, as cost_analysis:v9, is taken for the agent itself",
    service="backend",
    scenario="The error names every known agent",
    step="the error names every known agent",
)
def _() -> None:
    # Observable: POST /v1/runs with the agent_name "cost_analysis:v9" is a run, where it should be refused.
    import re

    from apex.backend import runs

    @around(runs, "known_agent")
    def known_agent(original: Any, registry: Any, name: str) -> Any:
        return original(registry, re.split("[:@]", name)[0])


@blind_defect(
    "AEC-10va", "of calls side by side, what the first to end has read is lost when the next one ends", service="worker"
)
def _() -> None:
    # Observable: two tools at once, each reading a known number of bytes; bytes_read has those of the last alone.
    from contextvars import ContextVar

    from apex.worker.execution import Execution

    before: ContextVar[int] = ContextVar("before", default=0)

    @around(Execution, "_carry_out")
    async def carry_out(original: Any, self: Any, *call: Any) -> Any:
        before.set(self._tracker.bytes_read)
        return await original(self, *call)

    @around(Execution, "_used")
    def used(original: Any, self: Any, call: Any) -> None:
        original(self, call)
        self._tracker.bytes_read = before.get() + call.bytes_read


@blind_defect(
    "AEC-11va",
    "work that waits for one of its tenant's threads is done although its run was cancelled",
    service="tools",
)
def _() -> None:
    # Observable: eight tag_instances at once on a slow cloud, cancelled; the last two reach the cloud afterwards.
    import asyncio

    from apex.tools.pools import FairThreads

    @around(FairThreads, "run")
    def run(original: Any, self: Any, tenant_id: str, work: Any) -> Any:
        return asyncio.shield(asyncio.ensure_future(original(self, tenant_id, work)))


@blind_defect(
    "AEC-12va",
    "of the runs that were lost with a worker one is ended per heartbeat",
    service="worker",
)
def _() -> None:
    # Observable: kill one of two workers with four runs in hand; the last end is told six seconds after the first.
    from apex.worker import leases

    @around(leases, "text")
    def text(original: Any, statement: str) -> Any:
        return original(f"{statement} LIMIT 1" if statement.endswith("FROM lost_runs()") else statement)
