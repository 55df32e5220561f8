"""Blind defects of TLD-02."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "TLD-02oa",
    "the tools service carries out the calls of a run one after the other",
    service="tools",
    scenario="A delegate asks in parallel, too",
    step="both of Acme's questions reach the partner before either is answered",
)
def _() -> None:
    # Observable: an agent calls two tools of a second each side by side: with one instance of tools the run takes two
    # seconds instead of one, and the partner sees the second request when the first is answered. Both results are
    # right; their tool_executing come at once.
    from weakref import WeakValueDictionary

    from apex.tools.dispatcher import Dispatcher
    from apex.tools.models import Execution, ExecutionAnswer
    from apex.tools.tool import Tool

    turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    # So that what a run's calls report comes in their order.
    @around(Dispatcher, "execute")
    async def execute(
        original: Callable[..., Any], self: Any, tool: Tool, call_id: str, request: Execution, caller: dict[str, str]
    ) -> ExecutionAnswer:
        turn = turns.setdefault(request.run_id, asyncio.Lock())
        async with turn:
            answer: ExecutionAnswer = await original(self, tool, call_id, request, caller)
        return answer


@blind_defect(
    "TLD-02ra",
    "two calls of one tool in a run share a key, and so an answer",
    service="worker",
    scenario="A delegate asks in parallel, too",
    step="both of Acme's questions reach the partner before either is answered",
)
def _() -> None:
    # Observable: an agent calls the same tool twice in a run with different parameters: the tool is at work once, and
    # both calls have the result of the first. Called side by side the second waits for the end of the first.
    from uuid import UUID, uuid5

    from apex.worker.toolbox import ToolAnswer, Toolbox

    original = Toolbox.call

    async def call(
        self: Any, call_id: str, name: str, parameters: dict[str, Any], story: dict[str, Any], caller: dict[str, str]
    ) -> ToolAnswer:
        key = uuid5(UUID(story["run_id"]), name)
        return await original(self, str(key), name, parameters, story, caller)

    replace(Toolbox, "call", call)


@blind_defect(
    "TLD-02sa",
    "partners are asked over a single connection, one request after the other",
    service="tools",
    scenario="A delegate asks in parallel, too",
    step="both of Acme's questions reach the partner before either is answered",
)
def _() -> None:
    # Observable: two tools of one run that each keep a partner busy for a second take two seconds together, and so do
    # those of two customers; duration_seconds of the one that waits is two seconds. Tools in the cloud go side by side.
    from http.cookiejar import CookieJar, DefaultCookiePolicy

    import httpx

    from apex.tools import dispatcher

    def partners_client(seconds: float, key: httpx.Auth | None = None) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            timeout=httpx.Timeout(seconds, connect=2),
            limits=httpx.Limits(max_connections=1, max_keepalive_connections=1),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            auth=key,
        )

    replace(dispatcher, "partners_client", partners_client)


@blind_defect(
    "TLD-02ua",
    "calls into the cloud of one customer go one at a time",
    service="tools",
    scenario="Two questions reach the cloud before either is answered",
    step="both of Acme's questions reach the cloud before either is answered",
)
def _() -> None:
    # Observable: two tools of a run that each read the cloud for a second take two seconds together; so do
    # read_utilisation and read_prices of every cost analysis. Tools that only wait for a partner are not concerned.
    from apex.tools.pools import FairThreads

    @around(FairThreads, "__init__")
    def _(original: Any, self: Any, total: int, share: int) -> None:
        original(self, total, 1)


@blind_defect(
    "TLD-02ub",
    "side by side, calls of the same tool are taken for one call and share its answer",
    service="worker",
    scenario="A second question is asked before the first is answered",
    step="both of Acme's questions reach the partner before either is answered",
)
def _() -> None:
    # Observable: an agent calls one tool twice side by side with different parameters: the tool works once, and both
    # calls are told the result of the first.
    import asyncio

    from apex.worker.toolbox import Toolbox

    at_work: dict[tuple[str, str], asyncio.Future[Any]] = {}

    @around(Toolbox, "call")
    async def _(original: Any, self: Any, call_id: str, name: str, parameters: Any, story: Any, caller: Any) -> Any:
        key = (str(story["run_id"]), name)
        if key not in at_work:
            at_work[key] = asyncio.ensure_future(original(self, call_id, name, parameters, story, caller))
            at_work[key].add_done_callback(lambda _: at_work.pop(key, None))
        return await at_work[key]


@blind_defect(
    "TLD-02va",
    "of a run's calls side by side the third begins when one of the first has ended",
    service="worker",
    scenario="Six questions are asked before the first is answered",
    step="all of Acme's questions reach the partner before any is answered",
)
def _() -> None:
    # Observable: three tools of 1 s each, called at once by an agent, take 2 s.
    import httpx

    from apex.worker.toolbox import Toolbox

    @around(Toolbox, "__init__")
    def init(original: Any, self: Any, settings: Any, directory: Any) -> None:
        original(self, settings, directory)
        limits = httpx.Limits(max_connections=2)
        self._http = httpx.AsyncClient(limits=limits, timeout=self._http.timeout)


@blind_defect(
    "TLD-02wa",
    "what a delegated agent calls side by side is done one after the other",
    service="worker",
    scenario="A delegate asks in parallel, too",
    step="both of Acme's questions reach the partner before either is answered",
)
def _() -> None:
    # Observable: in an advisor's run read_prices begins only when read_utilisation has completed.
    from apex.worker.execution import Execution

    @around(Execution, "__init__")
    def _(original: Any, self: Any, *of: Any, delegated_by: Any = None) -> None:
        original(self, *of, delegated_by=delegated_by)
        if delegated_by is not None:
            self._places = asyncio.Semaphore(1)


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
    "TLD-02za",
    "a tool called twice at once by a run is called once, whatever the parameters",
    service="worker",
    scenario="A second question is asked before the first is answered",
    step="both of Acme's questions reach the partner before either is answered",
)
def _() -> None:
    # Observable: an agent calls one tool with two parameters side by side; both calls have the result of the first.
    from apex.worker.toolbox import Toolbox

    @around(Toolbox, "call")
    async def _(original: Any, self: Any, call_id: str, name: str, parameters: Any, story: Any, caller: Any) -> Any:
        flights = self.__dict__.setdefault("_flights", {})
        key = (story["run_id"], name)
        if key in flights:
            return await asyncio.shield(flights[key])
        flights[key] = asyncio.ensure_future(original(self, call_id, name, parameters, story, caller))
        try:
            return await flights[key]
        finally:
            del flights[key]


@blind_defect(
    "TLD-02zb",
    "of calls side by side each is told as completed under the name of the last begun",
    service="worker",
    scenario="A slow tool does not delay another",
    step="Acme has the list of servers before the partner responds",
)
def _() -> None:
    # Observable: read_utilisation and read_prices of a cost analysis: both tool_completed name read_prices.
    from apex.worker.execution import Execution

    @around(Execution, "_emit")
    def _(original: Any, self: Any, type: str, payload: dict[str, Any]) -> None:
        if type == "tool_executing":
            self._tracker.at_work = payload["tool_name"]
        if type == "tool_completed":
            payload = {**payload, "tool_name": self._tracker.at_work}
        original(self, type, payload)


@blind_defect(
    "TLD-02zd",
    "all calls to partners share one connection",
    service="tools",
    scenario="A second question is asked before the first is answered",
    step="both of Acme's questions reach the partner before either is answered",
)
def _() -> None:
    # Observable: two partners' tools of a second each take two, also those of two customers.
    import httpx

    from apex.tools.dispatcher import Dispatcher

    @around(Dispatcher, "__init__")
    def _(original: Any, self: Any, *arguments: Any) -> None:
        original(self, *arguments)
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(self._settings.tools.call_seconds, connect=2), limits=httpx.Limits(max_connections=1)
        )


@blind_defect(
    "TLD-02na",
    "a tool that is called beside another of its run begins a second later",
    service="worker",
    scenario="A second question is asked before the first is answered",
    step="Acme's questions reach the partner almost at the same time",
)
def _() -> None:
    # Observable: an agent calls two tools of 1 s each at once: the second is only asked when the first is done, and the
    # two take 2 s.
    from apex.worker.execution import Execution

    @around(Execution, "_carry_out")
    async def _(original: Any, self: Any, name: str, parameters: dict[str, Any]) -> Any:
        if self._tracker.has_open_calls:
            # Not to come down on the tools with all at once.
            await asyncio.sleep(1.0)
        return await original(self, name, parameters)
