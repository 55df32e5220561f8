"""Operators see every run and where its time went."""

from hamcrest import equal_to, has_entries

from support.agent_execution import run_tracking
from support.agent_execution.run_tracking import ExpectedStates
from support.run.sentences import then


@then("the operator sees {customer:Owner} runs in these states")
def _(world, customer, table):
    expected = world.kept(ExpectedStates).of
    seen = {run.id: run.status for run in run_tracking.tracked_runs(world, customer)}
    world.expect(seen, has_entries(expected))
    world.expect(set(expected.values()), equal_to({row["state"].replace(" ", "_") for row in table}))


@then("the operator sees that {durations:Durations}")
def _(world, durations):
    run = world.last_run
    world.expect(run_tracking.tracked_run(world, run), durations(world, run))
