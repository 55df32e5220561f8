"""Seeded defects of crashes (AEC-05)."""

from __future__ import annotations

import os
from typing import Any

from apex.agents.cost import CostAnalysis
from apex.storage.database import Database
from apex.worker import supervisor
from defects import Scenario
from defects._patching import replace

runs_beside_crashing = Scenario("Runs beside a crashing agent complete", service="worker")


@runs_beside_crashing.defect(
    "AEC-05a", "an exception in an agent ends the worker process", step="Acme's run failed because of the agent"
)
def _() -> None:
    def told(error: BaseException) -> dict[str, Any]:
        os._exit(1)

    replace(supervisor, "_told", told)


reason_crash_told = Scenario("The reason of a crash is told in the customer's words", service="worker")


@reason_crash_told.defect(
    "AEC-05b",
    "the text of the exception is given as the reason",
    step="the error that Acme reads and receives shows nothing internal",
)
def _() -> None:
    replace(
        supervisor, "_told", lambda error: supervisor._error("agent_failed", f"{type(error).__name__}: {error}", False)
    )


@runs_beside_crashing.defect(
    "AEC-05c", "after a crash in an agent its worker is not ready any more", step="every service is ready"
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


agent_tries_end = Scenario("An agent that tries to end the process ends its own run only", service="worker")


@agent_tries_end.defect(
    "AEC-05d",
    "an agent that ends its process ends the worker's place with it",
    step="Acme's run failed because of the agent",
)
def _() -> None:
    def told(error: BaseException) -> Any:
        if isinstance(error, SystemExit):
            os._exit(1)
        return original(error)

    original = replace(supervisor, "_told", told)


@runs_beside_crashing.defect(
    "AEC-05e",
    "after a crash the worker's analyses leave findings out",
    step="the answer equals the savings in Borealis' own inventory",
)
def _() -> None:
    async def run(self: CostAnalysis, context: Any) -> dict[str, Any]:
        answer = await original(self, context)
        return {**answer, "findings": answer["findings"][1:]}

    original = replace(CostAnalysis, "run", run)
