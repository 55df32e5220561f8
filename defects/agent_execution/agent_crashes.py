"""Seeded defects of crashes (AEC-05)."""

from __future__ import annotations

import os
from typing import Any

from apex.agents.cost import CostAnalysis
from apex.database import Database
from apex.worker import supervisor
from defects import defect
from defects._patching import replace


@defect(
    "AEC-05a",
    service="worker",
    summary="an exception in an agent ends the worker process",
    scenario="Runs beside a crashing agent complete",
    step="Acme's run failed because of the agent",
)
def _() -> None:
    def told(error: BaseException) -> dict[str, Any]:
        os._exit(1)

    replace(supervisor, "_told", told)


@defect(
    "AEC-05b",
    service="worker",
    summary="the text of the exception is given as the reason",
    scenario="The reason of a crash is told in the customer's words",
    step="the reason that Acme reads and hears is fit for a customer",
)
def _() -> None:
    replace(
        supervisor, "_told", lambda error: supervisor._error("agent_failed", f"{type(error).__name__}: {error}", False)
    )


@defect(
    "AEC-05c",
    service="worker",
    summary="after a crash in an agent its worker is not ready any more",
    scenario="Runs beside a crashing agent complete",
    step="every service is ready",
)
def _() -> None:
    crashed: list[BaseException] = []

    def told(error: BaseException) -> Any:
        crashed.append(error)
        return original_told(error)

    def check(self: Database) -> None:
        if crashed:
            raise RuntimeError("not ready any more")
        original_check(self)

    original_told, original_check = replace(supervisor, "_told", told), replace(Database, "check", check)


@defect(
    "AEC-05d",
    service="worker",
    summary="an agent that ends its process ends the worker's place with it",
    scenario="An agent that tries to end the process ends its own run only",
    step="Acme's run failed because of the agent",
)
def _() -> None:
    def told(error: BaseException) -> Any:
        if isinstance(error, SystemExit):
            os._exit(1)
        return original(error)

    original = replace(supervisor, "_told", told)


@defect(
    "AEC-05e",
    service="worker",
    summary="after a crash the worker's analyses leave findings out",
    scenario="Runs beside a crashing agent complete",
    step="the answer equals the savings in Borealis' own inventory",
)
def _() -> None:
    async def run(self: CostAnalysis, context: Any) -> dict[str, Any]:
        answer = await original(self, context)
        return {**answer, "findings": answer["findings"][1:]}

    original = replace(CostAnalysis, "run", run)
