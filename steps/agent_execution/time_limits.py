"""A hanging run is ended at its time limit."""

from hamcrest import equal_to, greater_than, only_contains

from support.agent_execution import run_tracking
from support.run.sentences import then, when
from support.scenario.held_runs import began, time_limit


@when("{holder:Owner} agents end after longer than that time limit")
def _(world, holder):
    run_tracking.free_capacity_late(world, holder, world.last_run)


@then("{viewer:User} is notified in time that the run took too long")
def _(world, viewer):
    run = world.run_of(viewer)
    started = viewer.watching.wait_for("agent_started", run=run, within=world.budgets.limit("run starts"))
    # Longer than is promised: who reads of a late end wants to know how late it was.
    end = viewer.watching.wait_for_end(
        run, within=time_limit(world) + 3 * world.budgets.limit("error after a time limit")
    )
    world.expect(end.payload.get("code"), equal_to("timed_out"))
    longer = end.received_at - began(world, run, started) - time_limit(world)
    world.expect(longer, greater_than(-run_tracking.CLOCKS), "seconds by which the run took longer than its limit")
    world.within("error after a time limit", end.received_at - started.received_at - time_limit(world))


@then("{customer:Owner} run completes in time")
def _(world, customer):
    run = world.run_of(customer)
    world.eventually(lambda: world.stored(run).status, equal_to("completed"), "run behind hanging runs")


@then("every later run of {customer:User} completes")
def _(world, customer):
    _, *later = [run for run in world.runs if run.user is customer]
    world.expect([world.ended(run).status for run in later], only_contains("completed"))
