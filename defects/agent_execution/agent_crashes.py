"""Seeded defects of crashing agents (AEC-05)."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from apex.agents.cost import CostAnalysis
from apex.storage.database import Database
from apex.worker import supervisor
from apex.worker.toolbox import Toolbox
from defects import Scenario
from defects._patching import around, replace
from defects.agent_execution._answers import spoilt

beside = Scenario("Other runs complete while an agent crashes", service="worker")
exit_ = Scenario("The service survives an agent that terminates its process", service="worker")
asking = Scenario("A crashed agent's open requests are aborted", service="worker")
error_ = Scenario("The error of a crashed agent contains no internal details", service="worker")

FAILED = "Acme's run has failed because of the agent"
INTERNAL = "the stored error and the error event of Acme's run show no internal details"
SAVINGS = "the answer equals the savings in Borealis' own inventory"


def _exit_on(kind: type[BaseException]) -> None:
    """The worker process ends with an agent that raises such an error."""

    def reason(error: BaseException) -> Any:
        if isinstance(error, kind):
            os._exit(1)
        return original(error)

    original = replace(supervisor, "_told", reason)


@beside.defect("AEC-05a", "an exception in an agent ends the worker process", step=FAILED)
def _() -> None:
    _exit_on(BaseException)


@error_.defect("AEC-05b", "the text of the exception is given as the reason", step=INTERNAL)
def _() -> None:
    def reason(error: BaseException) -> Any:
        return supervisor._error("agent_failed", f"{type(error).__name__}: {error}", False)

    replace(supervisor, "_told", reason)


@beside.defect("AEC-05c", "after an agent has crashed its worker is not ready", step="every service is ready")
def _() -> None:
    crashed: list[BaseException] = []

    def reason(error: BaseException) -> Any:
        crashed.append(error)
        return original_reason(error)

    def check(self: Database) -> None:
        if crashed:
            raise RuntimeError("not ready")
        original_check(self)

    original_reason, original_check = replace(supervisor, "_told", reason), replace(Database, "check", check)


@exit_.defect("AEC-05d", "an agent that exits its process ends the worker process", step=FAILED)
def _() -> None:
    _exit_on(SystemExit)


@beside.defect("AEC-05e", "after a crash the worker's analyses leave findings out", step=SAVINGS)
def _() -> None:
    spoilt(CostAnalysis, lambda answer: {"findings": answer["findings"][1:]})


@asking.defect(
    "AEC-05f",
    "a call goes on to its end although its agent has crashed",
    step="the crashed run's request to the partner is aborted in time",
)
def _() -> None:
    @around(Toolbox, "call")
    async def call(original: Any, *asked: Any) -> Any:
        return await asyncio.shield(asyncio.ensure_future(original(*asked)))
