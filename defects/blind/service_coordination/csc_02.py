"""Blind defects of CSC-02."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from importlib import import_module
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "CSC-02qa",
    "reports of a tool are numbered like the events of the worker",
    service="tools",
    scenario="A progress report arrives while its tool is still running",
    step="Acme receives the first of two progress reports while the run is still running",
)
def _() -> None:
    # Observable: a tool that reports its progress five times in the first call of a run: the first three reports are
    # never told (the worker has told three events by then), and after the others the tool_completed of the call, and
    # what comes next, is missing: it has been told, as far as its number says. Calls that report nothing are complete.
    import itertools

    from redis.exceptions import RedisError

    from apex.storage.stream import Event

    module: Any = import_module("apex.tools.dispatcher")

    def teller(
        self: Any, call_id: str, tool: Any, request: Any, caller: dict[str, str]
    ) -> Callable[[dict[str, Any]], None]:
        told = {"call_id": call_id, "tool_name": tool.name}
        numbers = itertools.count(1)
        if request.delegated:
            told["parent_run_id"] = request.run_id

        def tell(report: dict[str, Any]) -> None:
            event = Event(
                "tool_progress",
                caller["user_id"],
                {**told, **report},
                module.trace_id(),
                module.request_id(),
                request.run_id,
                request.thread_id,
                request.agent_name,
                # Each of them once, also when it is said again.
                number=next(numbers),
            )
            try:
                self._stream.publish(event)
            except RedisError as error:
                module.log.warning("progress not told", tool_name=tool.name, reason=type(error).__name__)

        return tell

    replace(module.Dispatcher, "_teller", teller)


@blind_defect(
    "CSC-02sa",
    "a report that could not be told is told after the next one",
    service="tools",
    scenario="A delayed progress report never arrives after a later one",
    step="Acme has received no progress report after a later one",
)
def _() -> None:
    # Observable: a tool that reports several times (the utilisation of more than 1,000 instances), with Redis refusing
    # one of the reports; once it is back the customer is sent "1000 of 1500" and behind it "500 of 1500".
    from redis.exceptions import RedisError

    from apex.storage.stream import EventStream

    waiting: dict[str | None, list[Any]] = {}

    @around(EventStream, "publish")
    def _(original: Any, self: Any, event: Any, delivery_id: str = "") -> int:
        try:
            number: int = original(self, event, delivery_id)
        except RedisError:
            waiting.setdefault(event.run_id, []).append(event)
            raise
        for late in waiting.pop(event.run_id, []):
            original(self, late)
        return number


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
    "CSC-02ua",
    "a tool does not wait until what it reports has been told",
    service="tools",
)
def _() -> None:
    # Observable: a tool that reports several times in quick succession, or right before its end; reports come in the
    # wrong order, and the last is dropped because tool_completed was quicker.
    import asyncio

    from apex.tools.sanitising import masked
    from apex.tools.tool import ToolCall

    telling: set[asyncio.Task[None]] = set()

    async def report(self: ToolCall, message: str, done: int, total: int) -> None:
        told = {"message": masked(message), "done": done, "total": total}
        task = asyncio.create_task(asyncio.to_thread(self.tell, told))
        telling.add(task)
        task.add_done_callback(telling.discard)

    replace(ToolCall, "report", report)


@blind_defect(
    "CSC-02ub",
    "the tools service is not told that an agent works for another",
    service="worker",
    scenario="Every agent answers correctly for a large account that is watched",
    step="the story oracle finds nothing",
)
def _() -> None:
    # Observable: a delegated agent's tool reports progress (advisor over more than 500 instances); tool_progress has no
    # parent_run_id, unlike the tool_executing and tool_completed around it.
    from apex.worker.toolbox import Toolbox

    @around(Toolbox, "call")
    def _(original: Any, self: Any, call_id: str, name: str, parameters: Any, story: Any, caller: Any) -> Any:
        return original(self, call_id, name, parameters, {**story, "delegated": False}, caller)


@blind_defect(
    "CSC-02va",
    "what a tool reports while its customer is not connected is told to nobody, ever",
    service="tools",
    scenario="A second instance is found after it starts",
    step="the story oracle finds nothing",
)
def _() -> None:
    # Observable: a socket is closed for a minute, a run reports its progress, the socket resumes: no tool_progress.
    from redis.exceptions import RedisError

    from apex.tools.dispatcher import Dispatcher

    @around(Dispatcher, "_teller")
    def teller(original: Any, self: Any, call_id: str, tool: Any, request: Any, caller: dict[str, str]) -> Any:
        tell = original(self, call_id, tool, request, caller)

        def tell_who_listens(report: dict[str, Any]) -> None:
            try:
                present = self._stream.connected_users(2 * self._settings.backend.heartbeat_seconds)
            except RedisError:
                return
            if caller["user_id"] in present:
                tell(report)

        return tell_who_listens


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
    "CSC-02xa",
    "of what a tool reports during a call only the first report is told",
    service="tools",
    scenario="A tool's progress reports arrive in causal order",
    step="each progress report came after the start and before the end of its tool call",
)
def _() -> None:
    # Observable: 1,200 instances are read in three batches: one tool_progress comes, the others never do.
    from apex.storage.stream import EventStream

    @around(EventStream, "publish")
    def _(original: Any, stream: Any, event: Any) -> Any:
        return original(stream, event, f"progress:{event.payload['call_id']}")


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


@blind_defect(
    "CSC-02na",
    "what a tool reports at once comes before the event that it is executing",
    service="worker",
    scenario="A progress report arrives while its tool is still running",
    step="the story oracle finds nothing",
)
def _() -> None:
    # Observable: a tool that reports as soon as it begins (a plugin's, or read_utilisation of more than 500 instances
    # in a quick cloud): its tool_progress has a lower sequence than the tool_executing of its call.
    from apex.worker.tracker import Tracker

    waiting: dict[str, tuple[asyncio.TimerHandle, Callable[[], None]]] = {}

    @around(Tracker, "emit")
    def _(original: Any, self: Any, type: str, agent_name: str, payload: dict[str, Any]) -> None:
        call_id = str(payload.get("call_id"))
        if type == "tool_executing":
            # Told once the call is on its way; one that is over before is told first.
            def tell() -> None:
                del waiting[call_id]
                original(self, type, agent_name, payload)

            waiting[call_id] = (asyncio.get_running_loop().call_later(0.1, tell), tell)
            return
        if call_id in waiting:
            timer, tell_now = waiting[call_id]
            timer.cancel()
            tell_now()
        original(self, type, agent_name, payload)


@blind_defect(
    "CSC-02ma",
    "what a tool reports is told in its first call of a run, and not in later ones",
    service="tools",
)
def _() -> None:
    # Observable: an agent that calls a tool twice which reports how far it has come (read_utilisation of more than 500
    # instances, for one): the second call has no tool_progress between its tool_executing and tool_completed.
    from apex.tools.dispatcher import Dispatcher

    first: dict[tuple[str, str], str] = {}

    @around(Dispatcher, "_teller")
    def _(original: Any, self: Any, call_id: str, tool: Any, request: Any, caller: dict[str, str]) -> Any:
        if first.setdefault((request.run_id, tool.name), call_id) != call_id:
            return lambda report: None
        return original(self, call_id, tool, request, caller)
