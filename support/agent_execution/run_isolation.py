"""Everything that shows a customer what their run found."""

from typing import Any

from support.scenario import received_events
from support.scenario.users import User
from support.scenario.world import World


def everything_shown_to(world: World, customer: User) -> list[Any]:
    """The answer of the customer's run, what came over their connection, and their stored runs as text."""
    run = world.run_of(customer)
    events = received_events.to_the_end(world, customer.watching, run)
    return [world.stored(run).result, events, world.platform.runs(customer)]
