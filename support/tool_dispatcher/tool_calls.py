"""Tool calls: the events that customers received, the stored records, the results and the failures."""

from collections.abc import Mapping
from typing import Any

from support.platform.story import Event
from support.scenario.users import User
from support.scenario.world import RunHandle, World
from support.stores import opened

_DURATIONS = "select id::text, duration_seconds from tool_calls where run_id = %s"


Failed = tuple[str, str | None, bool | None]
_SUCCEEDED: Failed = ("succeeded", None, None)
FAILURES: dict[str, tuple[Failed, ...]] = {
    "the tool could not do its work, and that a retry can help": (("failed", "tool_failed", True), _SUCCEEDED),
    "the tool could not do its work, and that no retry will help": (("failed", "tool_failed", False), _SUCCEEDED),
    "there is no such tool": (("failed", "unknown_tool", False),),
}
"""Outcome, error code and whether a retry can help of each call of a run, by why one failed, as a feature says it."""


def events_of_last_run(world: World, viewer: User) -> list[Event]:
    """The events of the viewer's last run that the viewer received, to the last."""
    run = world.run_of(viewer)
    world.ended(run)
    viewer.watching.wait_for_end(run, within=world.budgets.limit("story complete"))
    return viewer.watching.of(run)


def ends_of_calls(world: World, viewer: User) -> list[Mapping[str, Any]]:
    """The payloads of the events that ended the calls of the viewer's last run, in their order."""
    return [event.payload for event in events_of_last_run(world, viewer) if event.type == "tool_completed"]


def outcomes(world: World, viewer: User) -> list[Any]:
    """Of each call of the viewer's last run what ``FAILURES`` says, as the events report it."""
    errors = [(end.get("outcome"), end.get("error") or {}) for end in ends_of_calls(world, viewer)]
    return [(outcome, error.get("code"), error.get("recoverable")) for outcome, error in errors]


def reasons(world: World, viewer: User) -> list[str]:
    """The messages with which calls of the viewer's last run failed."""
    ends = ends_of_calls(world, viewer)
    return [str((end.get("error") or {}).get("message") or "") for end in ends if end.get("outcome") == "failed"]


def results(world: World, customer: User, tool: str | None = None) -> list[Any]:
    """The results in the customer's last run, of one tool or of all, in the order of the calls; None: it failed."""
    run = world.ended(world.run_of(customer))
    return [each.get("result") for each in run.part("results") or [] if tool in (None, each.get("tool"))]


def stored_durations(world: World, run: RunHandle) -> dict[str, float | None]:
    """The ids of the run's stored tool calls, and the duration of each (seconds)."""
    with opened.as_observer(world) as connection:
        return dict(connection.execute(_DURATIONS, [run.run_id]).fetchall())
