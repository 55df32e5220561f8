"""Seeded defects of how failures are explained (WSE-06)."""

from __future__ import annotations

from typing import Any

from apex.worker import supervisor
from defects import Scenario
from defects._patching import replace

failures_told_apart = Scenario("Failures are told apart", service="worker")


@failures_told_apart.defect(
    "WSE-06a", "every failure is reported alike", step="Acme is notified that <what failed> and that <what to do>"
)
def _() -> None:
    def _error(code: str, message: str, recoverable: bool) -> dict[str, Any]:
        return original("agent_failed", message, recoverable)  # type: ignore[no-any-return]

    original = replace(supervisor, "_error", _error)


@failures_told_apart.defect(
    "WSE-06b", "no failure is worth a retry", step="Acme is notified that <what failed> and that <what to do>"
)
def _() -> None:
    def _error(code: str, message: str, recoverable: bool) -> dict[str, Any]:
        return original(code, message, False)  # type: ignore[no-any-return]

    original = replace(supervisor, "_error", _error)


failure_shows_inside = Scenario("No failure shows the inside of the platform", service="worker")


@failure_shows_inside.defect(
    "WSE-06c",
    "the text of an exception is told to the customer",
    step="the error that Acme reads and receives shows nothing internal",
)
def _() -> None:
    def _told(error: BaseException) -> dict[str, Any]:
        return {**original(error), "message": str(error)}

    original = replace(supervisor, "_told", _told)
