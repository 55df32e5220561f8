"""Everything that shows a customer what their run found."""

from typing import Any

from support.scenario import agents, received_events
from support.scenario.users import User
from support.scenario.world import RunHandle, World


def everything_shown_to(world: World, customer: User) -> list[Any]:
    """The answer of the customer's run, what came over their connection, and their stored runs as text."""
    run = world.run_of(customer)
    events = received_events.to_the_end(world, customer.watching, run)
    return [world.stored(run).result, events, world.platform.runs(customer)]


def failing_for_an_own_reason(world: World, user: User) -> RunHandle | None:
    """A run whose tool fails, and says why in words that concern the user alone."""
    world.users.settle(user)
    return world.start_run(user, agents.PROBE, input=agents.with_failing_tool(_reason(user)))


def expected_reasons(world: World) -> dict[str, list[str]]:
    """By the customers' aliases, whose reason they have to read."""
    return {run.user.alias: [run.user.alias] for run in world.runs}


def reasons(world: World) -> dict[str, list[str]]:
    """By the customers' aliases, whose reasons stand in what they read."""
    people, found = [run.user for run in world.runs], {}
    for run in world.runs:
        error = world.ended(run).error
        message = error.message if error else ""
        found[run.user.alias] = [user.alias for user in people if _reason(user) in message]
    return found


def _reason(user: User) -> str:
    return f"There are no figures of {user.tenant.marker}."
