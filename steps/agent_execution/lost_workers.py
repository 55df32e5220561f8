"""A run never hangs because its worker stopped."""

from functools import partial

from hamcrest import equal_to, greater_than, has_length, only_contains

from support.agent_execution import lost_workers
from support.agent_execution.lost_workers import LostRuns
from support.matchers.faultless import is_just
from support.run.sentences import then, when
from support.scenario import agents
from support.scenario.partner import PRICES, own_path


@when("the worker of the run {stop:WorkerStop}")
def _(world, stop):
    stop(world, world.last_run)


@then("{viewer:User} is notified in time that the worker was lost")
def _(world, viewer):
    run = world.run_of(viewer)
    (end,) = world.eventually(
        lambda: [event for event in viewer.watching.of(run) if event.is_end],
        has_length(1),
        "worker lost",
        "the end of the run",
    )
    world.expect(end.payload.get("code"), equal_to("worker_lost"))


@then("{viewer:Owner} connection has stayed open")
def _(world, viewer):
    state = {"open": viewer.watching.is_open, "connections": viewer.watching.connections}
    world.expect(state, is_just({"open": True, "connections": 1}))


@then("the run is stored as {status:Status} in time")
def _(world, status):
    world.eventually(partial(lost_workers.status, world, world.last_run), equal_to(status), "worker lost")


@then("each run of that worker is stored as {status:Status} in time")
def _(world, status):
    lost = world.kept(LostRuns).runs
    world.expect(lost, has_length(greater_than(1)), "runs of the worker")
    stored = partial(lost_workers.statuses, world, lost)
    world.eventually(stored, only_contains(status), "worker lost", "the runs of the worker")


@then("the stored outcome of the run is unchanged")
def _(world):
    run = world.last_run
    first = ("failed worker_lost", 1)
    world.holds_while(lambda: lost_workers.end_of(world, run), equal_to(first), 2.0, "the end of the run")


@then("the partner has received one request from the run")
def _(world):
    run = world.last_run
    # The control: a run that was started later has asked the partner, so a copy of the lost one would have, too.
    world.ended(world.running(run.user, agents.PROBE, input=agents.fetching(PRICES)))
    world.expect(world.partner.calls(own_path(run.user)), has_length(1))
