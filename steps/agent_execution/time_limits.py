"""A run that hangs is ended in time."""

from hamcrest import (
    equal_to,
)

from support.run.sentences import given, then
from support.scenario import held_runs
from support.scenario.held_runs import TIME_LIMIT


@given(
    "{customer:User} has started more runs than there are places to work, with a time limit, and they {hang:Hanging}"
)
def _(world, customer, hang):
    held_runs.hanging_everywhere(world, customer, hang)


@then("{customer:Owner} run ends in time all the same")
def _(world, customer):
    world.eventually(
        lambda: world.stored(world.run_of(customer))["status"],
        equal_to("completed"),
        "run behind hanging runs",
    )


@then("{viewer:User} is told in time that the run took too long")
def _(world, viewer):
    run = world.run_of(viewer)
    limit = TIME_LIMIT + world.budgets.limit("error after a time limit")
    started = viewer.watching.wait_for("agent_started", run=run, within=world.budgets.limit("run starts"))
    end = viewer.watching.wait_for_end(run, within=limit)
    world.expect(end.payload.get("code"), equal_to("timed_out"))
    world.within("error after a time limit", end.received_at - started.received_at - TIME_LIMIT)
