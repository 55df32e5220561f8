"""Blind defects of WSE-06."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "WSE-06pa",
    "whatever an agent waits for in vain counts as the run's own time limit",
    service="worker",
    scenario="Each kind of failure has its own error event",
    step="Acme is notified that <what failed> and that <what to do>",
)
def _() -> None:
    # Observable: an agent that raises TimeoutError after a moment (an asyncio.timeout of its own, a socket that does
    # not answer), with minutes left: agent_error says timed_out, "took longer than its time limit", recoverable true,
    # and the run is timed_out, instead of failed with agent_failed. Any other fault of an agent is told as it is.
    from apex.storage.runs import OUT_OF_TIME, TIMED_OUT, Ending
    from apex.worker.supervisor import Supervisor

    @around(Supervisor, "_perform")
    async def _perform(original: Callable[..., Any], self: Any, *given: Any) -> Any:
        try:
            return await original(self, *given)
        except TimeoutError:
            self._is_out_of_time = True
            raise

    @around(Supervisor, "_ending")
    async def _ending(original: Callable[..., Any], self: Any, *given: Any) -> Ending:
        self._is_out_of_time = False
        ending: Ending = await original(self, *given)
        return Ending(TIMED_OUT, error=OUT_OF_TIME) if self._is_out_of_time else ending


@blind_defect(
    "WSE-06ra",
    "a tool that fails beside another one is told as a fault of the agent",
    service="worker",
    scenario="Each kind of failure has its own error event",
    step="Acme is notified that <what failed> and that <what to do>",
)
def _() -> None:
    # Observable: have the pricing partner answer 503 and start a cost analysis, which reads prices and utilisation side
    # by side: agent_error says agent_failed and recoverable false, instead of the tool's code and message and true.
    # When list_instances fails, which is called alone, all is told as it is.
    from apex.worker import supervisor

    original = supervisor._told

    def told(error: BaseException) -> dict[str, Any]:
        if isinstance(error, BaseExceptionGroup):
            supervisor.log.error("agent failed", exc_info=error)
            return supervisor._error("agent_failed", "The agent could not finish because of a fault of its own.", False)
        return original(error)

    replace(supervisor, "_told", told)


@blind_defect(
    "WSE-06sa",
    "that a partner is asked too often counts as a failure that no retry helps",
    service="tools",
    scenario="Each kind of failure has its own error event",
    step="Acme is notified that <what failed> and that <what to do>",
)
def _() -> None:
    # Observable: the pricing partner answers a tool with 429; tool_completed and agent_error say tool_failed with
    # recoverable false, as for a 400, instead of true. With 503 it is true.
    import httpx

    tool: Any = import_module("apex.tools.tool")

    async def ask(self: Any, method: str, url: str, **content: Any) -> Any:
        asked = f"{method} {url} {tool.json.dumps(content, sort_keys=True)}"
        self._asked[asked] += 1
        key = tool.uuid.uuid5(tool.uuid.UUID(self.call_id), f"{self._asked[asked]} {asked}")
        headers = {"traceparent": tool.traceparent(), "idempotency-key": str(key)}
        asking = tool.Turn()
        asking.began = asking.asked
        self.turns.append(asking)
        try:
            response = await self.http.request(method, url, headers=headers, **content)
        except httpx.HTTPError:
            raise tool.ToolError("A partner's service does not answer.", recoverable=True) from None
        finally:
            asking.ended = tool.time.perf_counter()
        self.bytes_read += len(response.content)
        if response.is_error:
            raise tool.ToolError("A partner's service refused the request.", recoverable=response.is_server_error)
        return response

    replace(tool.ToolCall, "_ask", ask)


@blind_defect(
    "WSE-06ta",
    "a tool that fails while others are at work is told as a fault of the agent",
    service="worker",
    scenario="Each kind of failure has its own error event",
    step="Acme is notified that <what failed> and that <what to do>",
)
def _() -> None:
    # Observable: a cost analysis whose partner has no prices (or whose cloud tells no metrics), which are read side by
    # side; agent_error says agent_failed, not recoverable, instead of tool_failed, recoverable.
    import structlog

    supervisor: Any = import_module("apex.worker.supervisor")
    log = structlog.get_logger()

    @around(supervisor, "_told")
    def _(original: Any, error: BaseException) -> Any:
        if not isinstance(error, BaseExceptionGroup):
            return original(error)
        log.error("agent failed", exc_info=error)
        return supervisor._error("agent_failed", "The agent could not finish because of a fault of its own.", False)


@blind_defect(
    "WSE-06ua",
    "a tool's failure among calls side by side is told as the agent's own fault",
    service="worker",
    scenario="Each kind of failure has its own error event",
    step="Acme is notified that <what failed> and that <what to do>",
)
def _() -> None:
    # Observable: read_utilisation or read_prices fails in a cost analysis (the two are called side by side);
    # agent_error says agent_failed, not recoverable, instead of tool_failed, recoverable.
    from apex.worker import supervisor

    @around(supervisor, "_told")
    def _(original: Any, error: BaseException) -> Any:
        if isinstance(error, BaseExceptionGroup):
            supervisor.log.error("agent failed", exc_info=error)
            message = "The agent could not finish because of a fault of its own."
            return supervisor._error("agent_failed", message, False)
        return original(error)


@blind_defect(
    "WSE-06ub",
    "a secret in the words of a failing tool is told to the customer",
    service="tools",
    scenario="No error event contains internal details",
    step="the stored error and the error event of Acme's run show no internal details",
)
def _() -> None:
    # Observable: a tool that fails with a ToolError whose text holds a token, a password or a URL with credentials; it
    # stands unmasked in tool_completed, agent_error and the stored run.
    from apex.tools import dispatcher

    replace(dispatcher, "masked", lambda text: text)


@blind_defect(
    "WSE-06va",
    "what an agent says of a wrong value is told to the customer in its own words",
    service="worker",
    scenario="No error event contains internal details",
    step="the stored error and the error event of Acme's run show no internal details",
)
def _() -> None:
    # Observable: an agent raises ValueError("no host in postgresql://reader:hunter2@10.0.0.5/costs"); the message of
    # agent_error is that text, with the password. (Such errors were taken for answers to the customer's input.)
    from apex.worker import supervisor

    @around(supervisor, "_told")
    def told(original: Any, error: BaseException) -> dict[str, Any]:
        answer: dict[str, Any] = original(error)
        return {**answer, "message": str(error)} if isinstance(error, ValueError) else answer


@blind_defect(
    "WSE-06wa",
    "an agent whose answer cannot be kept is told as an outage, worth another try",
    service="worker",
    scenario="Each kind of failure has its own error event",
    step="Acme is notified that <what failed> and that <what to do>",
)
def _() -> None:
    # Observable: agent_error of an agent that answers with what is no JSON has code unavailable, recoverable true.
    from sqlalchemy.exc import SQLAlchemyError

    from apex.worker import supervisor

    @around(supervisor, "kept")
    def _(original: Any, value: Any) -> Any:
        try:
            return original(value)
        except (TypeError, ValueError) as error:
            raise SQLAlchemyError("the answer cannot be stored") from error


@blind_defect("WSE-06xa", "a run that blocks beyond its time limit is told as a fault of its agent", service="worker")
def _() -> None:
    # Observable: agent_error of a run whose agent never gives way has code agent_failed and is not recoverable.
    from apex.worker import leases

    told = "The agent could not finish because of a fault of its own."
    replace(leases, "OUT_OF_TIME", {"code": "agent_failed", "message": told, "recoverable": False})


@blind_defect(
    "WSE-06ya",
    "a call that is refused is told to be worth another try",
    service="worker",
    scenario="Each kind of failure has its own error event",
    step="Acme is notified that <what failed> and that <what to do>",
)
def _() -> None:
    # Observable: an agent calls a tool beyond the plan; the events say permission_denied and recoverable true.
    from apex.worker import toolbox

    @around(toolbox, "_refused")
    def _refused(original: Any, *of: Any) -> Any:
        failed = original(*of)
        failed.recoverable = True
        return failed


@blind_defect(
    "WSE-06yb",
    "the error event of what cannot be tried again comes without recoverable",
    service="worker",
    scenario="Each kind of failure has its own error event",
    step="Acme <has a failing run>",
)
def _() -> None:
    # Observable: an agent with a fault ends in an agent_error whose payload has no member "recoverable".
    from apex.storage import runs

    @around(runs, "_payload")
    def _payload(original: Any, ending: Any, *of: Any) -> dict[str, Any]:
        told = original(ending, *of)
        return told if ending.error is None else {name: value for name, value in told.items() if value}


@blind_defect(
    "WSE-06za",
    "an agent's own TimeoutError is told as the run's time limit",
    service="worker",
    scenario="Each kind of failure has its own error event",
    step="Acme is notified that <what failed> and that <what to do>",
)
def _() -> None:
    # Seen: code timed_out and recoverable at once, long before the limit, for a fault of the agent.
    from apex.storage.runs import OUT_OF_TIME
    from apex.worker import supervisor

    @around(supervisor, "_told")
    def _(original: Callable[..., Any], error: BaseException) -> Any:
        return dict(OUT_OF_TIME) if isinstance(error, TimeoutError) else original(error)


@blind_defect(
    "WSE-06zb",
    "a tool that fails beside another is told as a fault of the agent",
    service="worker",
    scenario="Each kind of failure has its own error event",
    step="Acme is notified that <what failed> and that <what to do>",
)
def _() -> None:
    # Seen: the price list away during a cost analysis: agent_failed, not recoverable, instead of tool_failed.
    from apex.worker import supervisor

    @around(supervisor, "_told")
    def _(original: Callable[..., Any], error: BaseException) -> Any:
        if isinstance(error, BaseExceptionGroup):
            error = RuntimeError(str(error))
        return original(error)
