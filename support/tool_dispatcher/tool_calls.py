"""Tool calls as they were shown to customers and stand on record, and what they gave."""

from collections.abc import Mapping
from typing import Any

import psycopg

from support.platform.story import Event
from support.scenario.users import User
from support.scenario.verdict import NotShown
from support.scenario.world import RunHandle, World

_COLUMNS = "select id::text, duration_seconds from tool_calls where run_id = %s"


def events_of_last_run(world: World, viewer: User) -> list[Event]:
    """What was shown to the viewer of their last run, once its end was shown."""
    run = world.run_of(viewer)
    world.ended(run)
    viewer.watching.wait_for_end(run, within=world.budgets.limit("story complete"))
    return viewer.watching.of(run)


def ends_of_calls(world: World, viewer: User) -> list[Mapping[str, Any]]:
    """What was told at the end of each call of the viewer's last run, in their order."""
    return [event.payload for event in events_of_last_run(world, viewer) if event.type == "tool_completed"]


def results(world: World, customer: User) -> list[Any]:
    """What the tools gave to the customer's last run, in the order of the calls; None for one that failed."""
    answer = world.ended(world.run_of(customer)).get("answer") or {}
    return [each.get("result") for each in answer.get("results") or []]


def recorded(world: World, run: RunHandle) -> dict[str, float | None]:
    """The ids of the run's tool calls on record, and how long each was at work (seconds)."""
    with psycopg.connect(world.addresses.postgres_observer_url, connect_timeout=5) as connection:
        return dict(connection.execute(_COLUMNS, [run.run_id]).fetchall())


def shown_of(world: World, viewer: User) -> dict[str, list[str]]:
    """The ids of the calls whose beginning, and whose end, was shown to the viewer: of their last run, to its end."""
    events = events_of_last_run(world, viewer)
    return {
        type: sorted(str(event.call_id) for event in events if event.type == type)
        for type in ("tool_executing", "tool_completed")
    }


def each_once(world: World, run: RunHandle) -> dict[str, list[str]]:
    """What ``shown_of`` must be: each call on record, once as it begins and once as it ends.

    :raises NotShown: no call is on record.
    """
    ids = sorted(recorded(world, run))
    if not ids:
        raise NotShown("no tool call is on record, so it proves nothing that none was shown")
    return {"tool_executing": ids, "tool_completed": ids}


def calls_shown_to_others(world: World, caller: User) -> list[str]:
    """The tool calls that anybody else was shown, once each of them has seen a run of their own."""
    others = [user for user in world.users.customers if user is not caller]
    shown = []
    for other in others:
        run = world.running(other, "usage_report")
        world.ended(run)
        other.watching.wait_for_end(run, within=world.budgets.limit("story complete"))
        shown += [f"{event.type} to {other}" for event in other.events if event.call_id]
    return shown
