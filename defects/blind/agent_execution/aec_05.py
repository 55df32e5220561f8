"""Blind defects of AEC-05."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "AEC-05pa",
    "an answer that cannot be stored breaks the slot instead of failing the run",
    service="worker",
    scenario="An agent whose answer cannot be stored has failed",
    step="Acme's run has failed because of the agent",
)
def _() -> None:
    # Observable: an agent whose answer is no JSON (it holds a Decimal, a date or a set), or whose tell() raises: the
    # run stays running until its lease is over, and then its customer is told that the machine was lost (worker_lost,
    # recoverable, "start the run again") instead of agent_failed at once. Runs beside it are all right.
    from apex.storage.runs import CANCELLED, COMPLETED, FAILED, OUT_OF_TIME, TIMED_OUT, Ending
    from apex.storage.storable import kept
    from apex.worker import supervisor

    async def ending(self: Any, run: Any, agent: Any, tracker: Any, toolbox: Any) -> Ending:
        limit = asyncio.timeout(run.time_limit_seconds)
        try:
            if agent is None:
                raise LookupError(f"no agent named {run.agent_name} in this deployment")
            async with limit:
                answer = await self._perform(run, agent, tracker, toolbox)
            if limit.expired():
                return Ending(TIMED_OUT, error=OUT_OF_TIME)
        except BaseException as error:
            task = asyncio.current_task()
            if limit.expired():
                return Ending(TIMED_OUT, error=OUT_OF_TIME)
            if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
                return Ending(CANCELLED, cancelled_by=run.user_id)
            return Ending(FAILED, error=supervisor._told(error))
        return Ending(COMPLETED, answer=kept(answer), partial=tracker.partial, message=kept(agent.tell(answer)))

    replace(supervisor.Supervisor, "_ending", ending)


@blind_defect(
    "AEC-05ua",
    "of lookup and value errors the customer is told the agent's own words",
    service="worker",
    scenario="The error of a crashed agent contains no internal details",
    step="the stored error and the error event of Acme's run show no internal details",
)
def _() -> None:
    # Observable: an agent that raises a KeyError, LookupError or ValueError; the run's error and the agent_error event
    # carry the exception's text instead of a reason fit for a customer.
    from apex.worker import supervisor

    @around(supervisor, "_told")
    def _(original: Any, error: BaseException) -> dict[str, Any]:
        told: dict[str, Any] = original(error)
        if isinstance(error, LookupError | ValueError):
            told["message"] = f"The agent could not finish: {error}."
        return told


@blind_defect(
    "AEC-05ub",
    "an answer that is no JSON is not noticed before it is written",
    service="worker",
    scenario="An agent whose answer cannot be stored has failed",
    step="Acme's run has failed because of the agent",
)
def _() -> None:
    # Observable: an agent whose answer holds a Decimal, a date or a set; the run hangs until its lease is over and is
    # told as worker_lost, please start again, instead of agent_failed.
    from apex.worker import supervisor

    replace(supervisor, "kept", lambda value: value)


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


@blind_defect("AEC-05wa", "the step in which an agent crashed is named after its exception", service="worker")
def _() -> None:
    # Observable: the customer's own run, read over HTTP, has the exception with its text in steps[].name.
    from apex.agents import ToolFailed
    from apex.worker.execution import Execution

    @around(Execution, "perform")
    async def _(original: Any, execution: Any) -> Any:
        try:
            return await original(execution)
        except Exception as error:
            if not isinstance(error, ToolFailed | ExceptionGroup):
                execution._tracker.steps[-1]["name"] += f" ({error!r})"
            raise


@blind_defect(
    "AEC-05xa",
    "an agent that fails with a cancellation of its own counts as cancelled by the customer",
    service="worker",
)
def _() -> None:
    # Observable: an agent awaits a task that it has cancelled; the run is cancelled, not failed, by its owner's name.
    from apex.storage.runs import CANCELLED, FAILED, Ending
    from apex.worker import supervisor

    @around(supervisor, "_told")
    def _(original: Any, error: BaseException) -> Any:
        return {} if isinstance(error, asyncio.CancelledError) else original(error)

    @around(supervisor.Supervisor, "_ending")
    async def _(original: Any, self: Any, run: Any, *others: Any) -> Any:
        ending = await original(self, run, *others)
        was_cancelled = ending.status == FAILED and not ending.error
        return Ending(CANCELLED, cancelled_by=run.user_id) if was_cancelled else ending


@blind_defect(
    "AEC-05ya",
    "an agent that has crashed is spared for ten seconds, whoever asks for it",
    service="worker",
    scenario="Workers on which an agent crashed work for the next customer",
    step="Borealis' run completes",
)
def _() -> None:
    # Observable: one customer's input makes the agent raise; the next customer's run of it, with good input, fails.
    import time

    from apex.agents import ToolFailed
    from apex.worker.execution import Execution

    spared_until: dict[str, float] = {}

    @around(Execution, "perform")
    async def _(original: Any, self: Any) -> Any:
        name = self._agent.name
        if time.monotonic() < spared_until.get(name, 0.0):
            raise RuntimeError(f"{name} has just failed")
        try:
            return await original(self)
        except ToolFailed:
            raise
        except Exception:
            spared_until[name] = time.monotonic() + 10
            raise


@blind_defect(
    "AEC-05yb",
    "a worker in which an agent has crashed is not ready until another run has ended well",
    service="worker",
    scenario="The service survives an agent that terminates its process",
    step="every service is ready",
)
def _() -> None:
    # Observable: the worker's /health/ready after the crash.
    from apex.worker import app
    from apex.worker.supervisor import Supervisor

    last: dict[str, Any] = {}

    @around(Supervisor, "_ending")
    async def _(original: Any, *arguments: Any) -> Any:
        ending = await original(*arguments)
        last["code"] = (ending.error or {}).get("code")
        return ending

    def check() -> None:
        if last.get("code") == "agent_failed":
            raise RuntimeError("the last run failed")

    @around(app, "create_app")
    def _(original: Any, process: Any, title: str, database: Any, checks: Any, **options: Any) -> Any:
        return original(process, title, database, {**checks, "agents": check}, **options)


@blind_defect(
    "AEC-05za",
    "the customer is told the exception's own text",
    service="worker",
    scenario="The error of a crashed agent contains no internal details",
    step="the stored error and the error event of Acme's run show no internal details",
)
def _() -> None:
    # Seen: the run's error names keys, paths or addresses out of the agent's insides.
    from apex.worker import supervisor

    @around(supervisor, "_told")
    def _(original: Callable[..., Any], error: BaseException) -> dict[str, Any]:
        told: dict[str, Any] = original(error)
        if told["code"] == "agent_failed":
            told["message"] = f"The agent could not finish: {error!r}."
        return told


@blind_defect(
    "AEC-05zb",
    "an agent that exits (SystemExit) takes its slot with it",
    service="worker",
    scenario="The service survives an agent that terminates its process",
    step="Acme's run has failed because of the agent",
)
def _() -> None:
    # Seen: the run is told as a lost worker after its lease, a slot is missing, the worker's liveness turns.
    from apex.storage.runs import CANCELLED, COMPLETED, FAILED, OUT_OF_TIME, TIMED_OUT, Ending
    from apex.worker import supervisor

    async def ending(self: Any, run: Any, agent: Any, tracker: Any, toolbox: Any) -> Ending:
        limit = asyncio.timeout(run.time_limit_seconds)
        try:
            if agent is None:
                raise LookupError(f"no agent named {run.agent_name} in this deployment")
            async with limit:
                answer = await self._perform(run, agent, tracker, toolbox)
            kept = vars(supervisor)["kept"]
            return Ending(COMPLETED, answer=kept(answer), partial=tracker.partial, message=kept(agent.tell(answer)))
        except (Exception, asyncio.CancelledError) as error:
            task = asyncio.current_task()
            if limit.expired():
                return Ending(TIMED_OUT, error=OUT_OF_TIME)
            if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
                return Ending(CANCELLED, cancelled_by=run.user_id)
            return Ending(FAILED, error=supervisor._told(error))

    replace(supervisor.Supervisor, "_ending", ending)
