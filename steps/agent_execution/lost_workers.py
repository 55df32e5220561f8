"""A run whose worker dies is not left hanging."""

from hamcrest import equal_to, has_length

from support.agent_execution import run_tracking
from support.run.sentences import then, when
from support.scenario import agents
from support.scenario.partner import PRICES, own_path


@when("the worker of the run dies")
def _(world):
    worker = run_tracking.worker_of(world, world.last_run)
    world.breaks_stories("the worker dies in the middle of a tool call")
    world.faults.lose(worker)


@when("the worker of the run is told to stop, and the partner answers a while later")
def _(world):
    run = world.last_run
    world.faults.tell_to_stop(run_tracking.worker_of(world, run))
    # Long enough for a worker that leaves its runs behind to be gone.
    world.holds_while(
        lambda: world.stored(run)["status"], equal_to("running"), 1.0, "the run is in hand while it stops"
    )
    world.partner.release(own_path(run.user))


@then("the partner was asked once")
def _(world):
    run = world.last_run
    # The control: a run that was asked for later has asked the partner, so a copy of the lost one would have, too.
    world.ended(world.running(run.user, agents.PROBE, input=agents.fetching(PRICES)))
    world.expect(world.partner.calls(own_path(run.user)), has_length(1))


@then("the run is stored as {status:Status} in time")
def _(world, status):
    world.eventually(lambda: world.stored(world.last_run)["status"], equal_to(status), "worker lost")


@then("{viewer:User} is told in time that the worker was lost")
def _(world, viewer):
    end = world.eventually(
        lambda: [event for event in viewer.watching.of(world.run_of(viewer)) if event.is_end],
        has_length(1),
        "worker lost",
        "the end of the run",
    )[0]
    world.expect(end.payload.get("code"), equal_to("worker_lost"))


@then("{viewer:Owner} connection has stayed open")
def _(world, viewer):
    world.expect((viewer.watching.is_open, viewer.watching.connections), equal_to((True, 1)))
