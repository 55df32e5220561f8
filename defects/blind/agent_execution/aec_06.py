"""Blind defects of AEC-06."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "AEC-06qa",
    "a tool call that is cancelled is not told to its end",
    service="worker",
    scenario="A cancelled run sends its events in order, too",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    # Observable: cancel a run, or let it run out of time, while a tool is at work: tool_executing of that call has no
    # tool_completed. The same where one of two calls side by side fails: the other one, which is stopped then, has
    # none. Numbers have no gap.
    from apex.worker.execution import Execution

    @around(Execution, "_emit")
    def _emit(original: Callable[..., None], self: Any, type: str, payload: dict[str, Any]) -> None:
        if type == "tool_completed" and payload["outcome"] == "cancelled":
            return
        original(self, type, payload)


@blind_defect(
    "AEC-06ua",
    "calls that an agent has left behind are stopped only where it fails",
    service="worker",
    scenario="An agent that takes the first answer leaves no tool call open",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    # Observable: an agent that calls two tools side by side and answers with the first result; the other call's
    # tool_executing never gets its tool_completed, and the tool works on after the end of the run.

    supervisor: Any = import_module("apex.worker.supervisor")

    async def perform(self: Any, run: Any, agent: Any, tracker: Any, toolbox: Any) -> dict[str, Any]:
        tracker.emit("agent_started", agent.name, {"agent_description": agent.description})
        history = supervisor.read_history(self._database, run)
        execution = supervisor.Execution(
            run, agent, run.input, history, self._database, self._registry, toolbox, tracker
        )
        try:
            answer: dict[str, Any] = await execution.perform()
            return answer
        except BaseException:
            await execution.stop_calls()
            raise

    replace(supervisor.Supervisor, "_perform", perform)


@blind_defect(
    "AEC-06ub",
    "an event that cannot be told is logged, and the run goes on without it",
    service="worker",
    scenario="Events that could not be delivered for a moment are delivered later",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    # Observable: Redis is away for a moment in the middle of a run; the run completes, but its story lacks an event
    # (such as a tool_executing or a tool_completed) and nobody is told so.
    import structlog

    from apex.worker.tracker import Tracker

    log = structlog.get_logger()

    @around(Tracker, "_tell")
    def _(original: Any, self: Any) -> None:
        original(self)
        for event in self.untold:
            log.warning("event not told", type=event.type)
        self.untold.clear()


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
    "AEC-06wa", "when Redis loses its data amid a run, its events are numbered from 1 again", service="worker"
)
def _() -> None:
    # Observable: flush Redis mid-run: run_sequence 1 and 2 come twice, and before the end there is a gap.
    from apex.storage.stream import EventStream

    @around(EventStream, "publish")
    def _(original: Any, stream: Any, event: Any, *others: Any) -> Any:
        if not event.ends_run:
            event.run_sequence_floor = 0
        return original(stream, event, *others)


@blind_defect("AEC-06xa", "a delegated agent that fails tells an agent_error, and the story goes on", service="worker")
def _() -> None:
    # Observable: the advisor of a customer without a cloud account: agent_error in the middle, then agent_completed.
    from apex.worker.execution import Execution
    from apex.worker.supervisor import _told

    @around(Execution, "delegate")
    async def _(original: Any, execution: Any, agent_name: str, input: Any) -> Any:
        try:
            return await original(execution, agent_name, input)
        except Exception as error:
            payload = {**_told(error), "parent_run_id": execution._run.id}
            execution._tracker.emit("agent_error", agent_name, payload)
            raise


@blind_defect(
    "AEC-06ya",
    "the part of a delegated agent begins with an agent_started of its own",
    service="worker",
    scenario="Delegated agents report their part within the run",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    # Observable: the story of a supervisor's run has more than one agent_started.
    from apex.worker.execution import Execution

    @around(Execution, "delegate")
    async def _(original: Any, self: Any, agent_name: str, input: dict[str, Any]) -> Any:
        agent = self._registry.find(agent_name)
        if agent is not None:
            payload = {"agent_description": agent.description, "parent_run_id": self._run.id}
            self._tracker.emit("agent_started", agent_name, payload)
        return await original(self, agent_name, input)


@blind_defect(
    "AEC-06yb", "what a tool reports of a call that is over is dropped, but has taken a number", service="tools"
)
def _() -> None:
    # Observable: a tool that reports once more after its result; run_sequence has a gap before the next event.
    from apex.storage import stream

    numbered = "  run_sequence = redis.call('HINCRBY', run, 'sequence', 1)\n"
    dropped = next(line for line in stream._PUBLISH.splitlines(keepends=True) if "'over:' .. call) == 1 then" in line)
    replace(stream, "_PUBLISH", stream._PUBLISH.replace(dropped + numbered, numbered + dropped))


@blind_defect(
    "AEC-06za",
    "the end of a delegated agent's tool call does not say whose part it is",
    service="worker",
    scenario="Delegated agents report their part within the run",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    # Seen: of the advisor's story tool_executing has parent_run_id, its tool_completed has not.
    from apex.worker.execution import Execution

    def emit(self: Any, type: str, payload: dict[str, Any]) -> None:
        if self._delegated and type in ("agent_thinking", "tool_executing"):
            payload = {**payload, "parent_run_id": self._run.id}
        self._tracker.emit(type, self._agent.name, payload)

    replace(Execution, "_emit", emit)


@blind_defect(
    "AEC-06zb",
    "a tool call that is cut off has no tool_completed",
    service="worker",
    scenario="A cancelled run sends its events in order, too",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    # Seen: in the story of a cancelled or timed-out run a tool_executing stands alone.
    from apex.worker.execution import Execution

    @around(Execution, "_emit")
    def _(original: Callable[..., Any], self: Any, type: str, payload: dict[str, Any]) -> None:
        if payload.get("outcome") != "cancelled":
            original(self, type, payload)


@blind_defect(
    "AEC-06zc",
    "ends of runs are dated when they are sent, not when the run ended",
    service="worker",
    scenario="An ordinary run sends its events in order",
    step="the records oracle finds nothing",
)
def _() -> None:
    # Seen: the end's timestamp is not the stored finished_at; after an outage of Redis it is far behind.
    from apex.storage.runs import now
    from apex.storage.stream import rfc3339
    from apex.worker import relay

    @around(relay, "Event")
    def _(original: Callable[..., Any], **fields: Any) -> Any:
        return original(**{**fields, "timestamp": rfc3339(now())})


@blind_defect(
    "AEC-06zd",
    "of calls side by side each end names the call that began last",
    service="worker",
    scenario="An ordinary run sends its events in order",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    # Seen: utilisation and prices are read at the same time; both ends have one call_id, the other call has none.
    from apex.worker.execution import Execution

    @around(Execution, "_emit")
    def _(original: Callable[..., Any], self: Any, type: str, payload: dict[str, Any]) -> None:
        if type == "tool_executing":
            self._call_id = payload["call_id"]
        elif type == "tool_completed":
            payload = {**payload, "call_id": self._call_id}
        original(self, type, payload)


@blind_defect("AEC-06ma", "a thought that is the same as the one before it is not told again", service="worker")
def _() -> None:
    # Observable: an agent that thinks the same text twice in a row ("Still waiting."), also with tool calls between
    # the two: the story has one agent_thinking where the agent told two.
    from apex.worker.execution import Execution

    @around(Execution, "think")
    async def _(original: Any, self: Any, thought: str) -> None:
        repeated = thought == getattr(self, "_last_thought", None)
        self._last_thought = thought
        await original(self, "" if repeated else thought)
