"""A hanging run is ended at its time limit."""

from hamcrest import equal_to, greater_than, only_contains

from support.agent_execution import run_tracking
from support.configuration import running
from support.run.sentences import given, then, when


@given("the operator has lowered the time limit of all runs")
def _(world):
    running.change(world, lambda draft: draft.change("time limit of all runs"))
    running.expect_everywhere(world)


@when("{holder:Owner} agents end after longer than that time limit")
def _(world, holder):
    run_tracking.free_capacity_late(world, holder, world.last_run)


@then("{viewer:User} is notified in time that the run took too long")
def _(world, viewer):
    late = run_tracking.lateness(world, viewer)
    world.expect(late.code, equal_to("timed_out"))
    world.expect(
        late.at_most, greater_than(-run_tracking.CLOCKS), "seconds by which the run took longer than its limit"
    )
    world.within("error after a time limit", late.at_least)


@then("{customer:Owner} run completes in time")
def _(world, customer):
    run = world.run_of(customer)
    world.eventually(lambda: world.stored(run).status, equal_to("completed"), "run behind hanging runs")


@then("every later run of {customer:User} completes")
def _(world, customer):
    _, *later = [run for run in world.runs if run.user is customer]
    world.expect([world.ended(run).status for run in later], only_contains("completed"))
