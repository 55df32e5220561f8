"""A job record that is delivered to the analytics service more than once."""

from dataclasses import dataclass
from functools import partial

from hamcrest import greater_than

from support.platform.components import Component
from support.scenario.users import User
from support.scenario.world import RunHandle, World
from support.stores import opened
from support.stores.logs import whole_logs


@dataclass(frozen=True, slots=True)
class Deliveries:
    """How often a job record has arrived."""

    count: int


def report_without_acknowledgements(world: World, user: User) -> RunHandle:
    """A usage report whose job record arrives while the acknowledgements are lost, until it has arrived again.

    :raises DeadlinePassed: it was not sent again.
    """
    before = _arrivals(world)
    # What is stored twice would be merged into one sooner or later, and not be seen.
    _command(world, "system stop merges jobs")
    world.undo.register("merge records again", partial(_command, world, "system start merges jobs"))
    world.faults.lose_responses(Component.ANALYTICS)
    run = world.running(user, "usage_report")
    world.ended(run)
    world.eventually(lambda: _arrivals(world) - before, greater_than(1), "records agree", "arrivals of the record")
    world.faults.heal(Component.ANALYTICS)
    world.keep(Deliveries(_arrivals(world) - before))
    return run


def first_found(world: World, customer: User) -> dict[str, list[str]]:
    """The run of the job record that the customer finds who asks for one of each run, by the run."""
    return {
        run.run_id: [job.run_id for job in world.platform.jobs(customer, run.run_id, limit=1).require().items]
        for run in world.runs
    }


def _command(world: World, command: str) -> None:
    with opened.analytics(world) as client:
        client.command(command)


def _arrivals(world: World) -> int:
    """How often records have arrived at the analytics service, by its log."""
    arrived = (
        line.fields
        for line in whole_logs(world.addresses.log_dir, world.target.part(Component.ANALYTICS).logs)
        if b"/v1/records" in line.text
    )
    return sum(line.get("route") == "/v1/records" and line.get("status") == 201 for line in arrived)
