"""Operators see every run and where its time went."""

from hamcrest import contains_inanyorder, equal_to, has_entries

from support.agent_execution import run_tracking
from support.agent_execution.run_tracking import ExpectedStatuses, ListedRuns, RunsFound
from support.matchers.faultless import is_just
from support.run.sentences import then, when
from support.scenario import agents


@when("the operator reads {customer:Owner} runs {size:PageSize} at a time")
def _(world, customer, size):
    world.keep(ListedRuns(run_tracking.pages_of_runs(world, customer, size)))


@when("the operator asks for {customer:Owner} runs by their status, one at a time")
def _(world, customer):
    world.keep(RunsFound(run_tracking.found_by_status(world, customer)))


@then("each of {customer:Owner} runs is found by its status alone")
def _(world, customer):
    own = [(run.run_id, str(world.ended(run).status)) for run in world.runs if run.user is customer]
    world.expect(world.kept(RunsFound).found, contains_inanyorder(*own), "each run by its status")


@then("each of {customer:Owner} runs is shown once, the newest first")
def _(world, customer):
    expected = [run.run_id for run in reversed(world.runs) if run.user is customer]
    world.expect(world.kept(ListedRuns).ids, is_just(expected, "every run once, the newest first"))


@then("the operator sees {customer:Owner} runs with these statuses")
def _(world, customer, table):
    expected = world.kept(ExpectedStatuses).of
    seen = {run.id: run.status for run in run_tracking.tracked_runs(world, customer)}
    world.expect(seen, has_entries(expected))
    world.expect(set(expected.values()), equal_to({row["status"].replace(" ", "_") for row in table}))


@then("the operator sees that {durations:Durations}")
def _(world, durations):
    run = world.last_run
    world.expect(run_tracking.tracked_run(world, run), durations(world, run))


@when("the operator runs an agent")
def _(world):
    world.ended(world.running(world.users.operator, agents.PROBE, input=agents.talkative(1)))


@then("the list of all runs begins with that run")
def _(world):
    newest = world.platform.operator_runs(world.users.operator, limit=1).require().items
    world.expect([run.id for run in newest], equal_to([world.last_run.run_id]))
