"""Seeded defects of how failures are explained (WSE-06)."""

from __future__ import annotations

from typing import Any

from apex.worker import supervisor
from defects import defect
from defects._patching import replace


@defect(
    "WSE-06a",
    service="worker",
    summary="every failure is reported alike",
    scenario="Failures are told apart",
    step="Acme is told that <what failed>, and that <what to do>",
)
def _() -> None:
    def _error(code: str, message: str, recoverable: bool) -> dict[str, Any]:
        return original("agent_failed", message, recoverable)  # type: ignore[no-any-return]

    original = replace(supervisor, "_error", _error)


@defect(
    "WSE-06b",
    service="worker",
    summary="no failure is worth a retry",
    scenario="Failures are told apart",
    step="Acme is told that <what failed>, and that <what to do>",
)
def _() -> None:
    def _error(code: str, message: str, recoverable: bool) -> dict[str, Any]:
        return original(code, message, False)  # type: ignore[no-any-return]

    original = replace(supervisor, "_error", _error)


@defect(
    "WSE-06c",
    service="worker",
    summary="the text of an exception is told to the customer",
    scenario="No failure shows the inside of the platform",
    step="the reason that Acme reads and hears is fit for a customer",
)
def _() -> None:
    def _told(error: BaseException) -> dict[str, Any]:
        return {**original(error), "message": str(error)}

    original = replace(supervisor, "_told", _told)
