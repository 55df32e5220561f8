"""Seeded defects of error events (WSE-06)."""

from __future__ import annotations

from typing import Any

from apex.worker import supervisor
from defects import Scenario
from defects._patching import replace

kinds = Scenario("Each kind of failure has its own error event", service="worker")
internals = Scenario("No error event contains internal details", service="worker")

NOTIFIED = "Acme is notified that <what failed> and that <what to do>"


@kinds.defect("WSE-06a", "every failure is reported with the same code", step=NOTIFIED)
def _() -> None:
    original: Any = replace(
        supervisor, "_error", lambda code, message, recoverable: original("agent_failed", message, recoverable)
    )


@kinds.defect("WSE-06b", "no failure is reported as worth a retry", step=NOTIFIED)
def _() -> None:
    original: Any = replace(supervisor, "_error", lambda code, message, recoverable: original(code, message, False))


@internals.defect(
    "WSE-06c",
    "the customer receives the text of the exception",
    step="the stored error and the error event of Acme's run show no internal details",
)
def _() -> None:
    def _told(error: BaseException) -> dict[str, Any]:
        return {**original(error), "message": str(error)}

    original = replace(supervisor, "_told", _told)
