"""Blind defects of agent_execution, written from the promises alone."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from defects import blind_defect
from defects._patching import around, replace

# -- agent execution --------------------------------------------------------------------------------------------------


@blind_defect(
    "AEC-04ta",
    "a slot in which a run was timed out cannot reach the tools any more",
    service="worker",
    scenario="A conversation goes on after a run has timed out",
    step="every later run of Acme completes",
)
def _() -> None:
    # Observable: let as many runs time out as the worker has slots (one is enough where it has one); every later run
    # in those slots, whoever's it is, fails with agent_failed at its first tool call. Runs without tools complete.
    from apex.storage.runs import TIMED_OUT
    from apex.worker.supervisor import Supervisor

    @around(Supervisor, "_ending")
    async def _(original: Any, self: Any, run: Any, agent: Any, tracker: Any, toolbox: Any) -> Any:
        ending = await original(self, run, agent, tracker, toolbox)
        if ending.status == TIMED_OUT:
            # Whatever connections the hanging calls have left behind. Nobody makes a new toolbox.
            await toolbox.close()
        return ending


@blind_defect(
    "AEC-08ta",
    "a request whose trace is not sampled begins a trace of its own",
    service="backend",
    scenario="The caller's trace is found in every record of the run",
    step="the caller's trace ID, and no other, is found in",
)
def _() -> None:
    # Observable: send a run with a traceparent that ends in "-00" (not sampled); the answer, the stored run, its events
    # and its analytics record carry another trace id. With "-01" all is well.
    from apex.runtime import service

    @around(service, "span")
    def _(original: Any, name: str, traceparent: str | None = None, **fields: Any) -> Any:
        is_sampled = traceparent is not None and traceparent.rpartition("-")[2] == "01"
        return original(name, traceparent if is_sampled else None, **fields)


@blind_defect(
    "AEC-11ta",
    "the call of a cancelled run is only stopped at the next look, three seconds later",
    service="tools",
    scenario="Removing a colleague cancels the colleague's runs",
    step="the run's request to the partner is aborted in time",
)
def _() -> None:
    # Observable: cancel a run while a partner keeps its tool waiting; the run is shown as cancelled at once, but the
    # partner sees the connection close up to three seconds later, and what it answers until then has its effect.
    import asyncio

    app: Any = import_module("apex.tools.app")

    async def hung_up(request: Any) -> None:
        while not await request.is_disconnected():
            await asyncio.sleep(3.0)

    replace(app, "_hung_up", hung_up)


@blind_defect(
    "AEC-12ta",
    "a worker without a run in hand looks for no lost runs",
    service="worker",
    scenario="A run is lost although its worker comes back alone",
    step="the run is stored as failed in time",
)
def _() -> None:
    # Observable: kill -9 a worker in the middle of a run while all others are idle (or start it again, alone); the run
    # stays running and the customer hears nothing until another worker happens to be given a run.
    from apex.worker.leases import Leases

    @around(Leases, "_fail_lost")
    def _(original: Any, self: Any) -> None:
        with self._lock:
            is_busy = bool(self._held)
        if is_busy:
            original(self)


# -- api --------------------------------------------------------------------------------------------------------------
