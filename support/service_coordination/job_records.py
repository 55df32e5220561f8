"""A job record that is delivered to the analytics service more than once."""

from dataclasses import dataclass

from support.scenario.users import User
from support.scenario.world import RunHandle, World
from support.stores.job_records import delivered_again


@dataclass(frozen=True, slots=True)
class Deliveries:
    """How often a job record has arrived."""

    count: int


def report_without_acknowledgements(world: World, user: User) -> RunHandle:
    """A usage report whose job record arrives while the acknowledgements are lost, until it has arrived again."""
    world.keep(Deliveries(delivered_again(world, user)))
    return world.last_run
