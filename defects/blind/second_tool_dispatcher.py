"""Blind defects of tool_dispatcher, second round, written from the promises alone."""

from __future__ import annotations

import asyncio
import dataclasses
import time
import uuid
from contextvars import ContextVar
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "TLD-01ya",
    "prices are read for the platform's own region, not for the customer's",
    service="tools",
    scenario="Each customer reads the prices of their own region",
    step="each result is the larger server's price in the customer's own region",
)
def _() -> None:
    # Observable: a customer whose account is in eu-central-1 is told the prices of us-east-1.
    from apex.tools.accounts import CloudAccounts

    @around(CloudAccounts, "_enter")
    def _enter(original: Any, self: Any, *of: Any) -> Any:
        return dataclasses.replace(original(self, *of), region=self._settings.region)


@blind_defect(
    "TLD-01yb",
    "what is hidden in the event of a call is hidden from its tool as well",
    service="worker",
    scenario="Secrets are used, but neither shown nor stored",
    step="the partner has received every secret",
)
def _() -> None:
    # Observable: a tool that is given a parameter named "password" works with "***".
    from apex.tools.sanitising import MASK
    from apex.worker import execution

    @around(execution, "shown")
    def _shown(original: Any, value: Any) -> Any:
        told = original(value)
        for name in value if isinstance(value, dict) else ():
            if told.get(name) == MASK:
                value[name] = MASK
        return told


@blind_defect(
    "TLD-02ya",
    "a call that fails stops the calls of its run beside it",
    service="worker",
    scenario="A failing tool does not stop the one beside it",
    step="the other tool has given its result",
)
def _() -> None:
    # Observable: of two calls side by side one fails; the other is cancelled, though the agent waits for its result.
    from apex.agents import ToolFailed
    from apex.worker.execution import Execution

    @around(Execution, "_carry_out")
    async def _carry_out(original: Any, self: Any, *call: Any) -> Any:
        try:
            return await original(self, *call)
        except ToolFailed:
            for other in self._calls - {asyncio.current_task()}:
                other.cancel()
            raise


@blind_defect(
    "TLD-02yb",
    "no result is given to the agent before all calls at work have ended",
    service="worker",
    scenario="Quick questions do not wait for a slow one beside them",
    step="both quick questions were answered before the slow one",
)
def _() -> None:
    # Observable: beside a slow tool an agent calls two quick ones, one after the other: the second waits for the slow.
    from apex.worker.execution import Execution

    @around(Execution, "call_tool")
    async def _call_tool(original: Any, self: Any, *call: Any) -> Any:
        result = await original(self, *call)
        if self._calls:
            await asyncio.wait(set(self._calls))
        return result


@blind_defect(
    "TLD-03ya",
    "for a customer who does not let us in, tools work in the platform's own account",
    service="tools",
    scenario="No tool works anywhere when the customer's account refuses it",
    step="Acme's agent has received no servers, only that the account does not admit it",
)
def _() -> None:
    # Observable: a tenant whose role cannot be assumed gets a list of instances, not its own, instead of a failure.
    from apex.tools.accounts import CloudAccount, CloudAccounts
    from apex.tools.errors import ToolError

    @around(CloudAccounts, "_enter")
    def _enter(original: Any, self: Any, tenant_id: str, granted: dict[str, str]) -> Any:
        try:
            return original(self, tenant_id, granted)
        except ToolError:
            own, region = self._settings, granted["region"]
            keys = own.access_key_id.get_secret_value(), own.secret_access_key.get_secret_value()
            session = self._session(*keys, region)
            return CloudAccount(region, self._client(session, "ec2"), self._client(session, "cloudwatch"))


@blind_defect(
    "TLD-03yb",
    "who stops a call stops the one of the same tool that began last, whoever's it is",
    service="tools",
    scenario="Stopping one customer's call leaves another customer's alone",
    step="Borealis' run completes",
)
def _() -> None:
    # Observable: tenant A cancels a run in the middle of a call; a call of the same tool that B began after it fails.
    from apex.tools.dispatcher import Dispatcher

    at_work: dict[str, Any] = {}

    @around(Dispatcher, "execute")
    async def _execute(original: Any, self: Any, tool: Any, *call: Any) -> Any:
        at_work[tool.name] = asyncio.current_task()
        try:
            return await original(self, tool, *call)
        except asyncio.CancelledError:
            at_work[tool.name].cancel()
            raise


@blind_defect(
    "TLD-04ya",
    "the plan that counts for tools is that of the token, not the tenant's",
    service="backend",
    scenario="A new plan brings or takes its tools at once",
    step="only the tools to <use> servers have run",
)
def _() -> None:
    # Observable: after a change to a smaller plan its dearer tools go on working until the token ends.
    from apex.backend import runs

    replace(runs, "as_of_now", lambda _, identity: identity)


@blind_defect(
    "TLD-04yb",
    "what a delegated agent calls needs no permission",
    service="tools",
    scenario="An agent has no more rights when another one works for it",
    step="only the tools to read servers have run",
)
def _() -> None:
    # Observable: an agent delegates to one that stops instances: on the free plan they are stopped.
    from apex.http.identity import OPERATOR
    from apex.tools.dispatcher import Dispatcher

    @around(Dispatcher, "execute")
    async def _execute(original: Any, self: Any, tool: Any, call_id: str, request: Any, caller: dict[str, str]) -> Any:
        return await original(
            self, tool, call_id, request, {**caller, "role": OPERATOR} if request.delegated else caller
        )


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
    "TLD-07ya",
    "a tool that was withdrawn and added anew works as it did before",
    service="tools",
    scenario="A tool added again works at its new address",
    step="Acme's agent receives the partner's response",
)
def _() -> None:
    # Observable: add a tool, use it, withdraw it, add it with another path or schema: calls go to the old one.
    from apex.tools.registered import RegisteredTools

    known: dict[str, Any] = {}

    @around(RegisteredTools, "find")
    def _find(original: Any, self: Any, name: str) -> Any:
        return known.setdefault(name, original(self, name))


@blind_defect(
    "TLD-07yb",
    "which tools were added is looked up every half minute for the list",
    service="tools",
    scenario="An added tool can be used immediately",
    step="the published tool list names the currency tool",
)
def _() -> None:
    # Observable: a new tool is not listed at once, a withdrawn one still is, and its name is taken meanwhile.
    from apex.tools.registered import RegisteredTools

    @around(RegisteredTools, "in_use")
    def _in_use(original: Any, self: Any) -> Any:
        until, tools = self.__dict__.get("_listed", (0.0, []))
        if time.monotonic() >= until:
            until, tools = self._listed = (time.monotonic() + 30, original(self))
        return tools


@blind_defect("TLD-08ya", "a parameter that is named as a key is hidden, whatever it is", service="worker")
def _() -> None:
    # Observable: tool_executing of tag_instances says "***" where the key of the tag should stand.
    import re

    from apex.tools import sanitising

    replace(sanitising, "_SECRET_NAME", re.compile(rf"{sanitising._SECRET}|key", re.I))


@blind_defect(
    "TLD-08yb",
    "a call that waits for its turn is told as executing already",
    service="worker",
    scenario="Waiting to start does not count as tool time",
    step="the story oracle finds nothing",
)
def _() -> None:
    # Observable: of twelve calls at once twelve are told as executing at the same moment; eight are at work.
    from apex.worker.execution import Execution
    from apex.worker.toolbox import Toolbox

    @around(Execution, "__init__")
    def _init(original: Any, self: Any, *of: Any, **more: Any) -> None:
        original(self, *of, **more)
        self._places = asyncio.Semaphore(10_000)

    @around(Toolbox, "call")
    async def _call(original: Any, self: Any, *call: Any) -> Any:
        places = self.__dict__.setdefault("_places", asyncio.Semaphore(self.calls_at_once))
        async with places:
            return await original(self, *call)
