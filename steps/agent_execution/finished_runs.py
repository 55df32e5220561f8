"""A finished run survives a restart."""

from hamcrest import equal_to, has_entries, has_properties, only_contains

from support.agent_execution import finished_runs
from support.agent_execution.finished_runs import FinishedRun
from support.matchers.faultless import is_just
from support.matchers.outcomes import succeeds
from support.platform.components import Component
from support.run.sentences import then, when


@when("the backend crashes and restarts")
def _(world):
    world.keep(FinishedRun(world.stored(world.last_run)))
    world.faults.restart(Component.API)


@when("{customer:User} starts a new session")
def _(world, customer):
    world.keep(FinishedRun(world.stored(world.last_run)))
    world.users.log_in(customer)


@then("the run is unchanged")
def _(world):
    run = world.last_run
    answer = world.expect(world.platform.run(run.user, run.run_id), succeeds())
    world.expect(answer.value.raw, is_just(world.kept(FinishedRun).run.raw))


@then("the answer is the newest message of the run's conversation")
def _(world):
    run, answer = world.last_run, world.kept(FinishedRun).run.result
    newest = world.platform.messages(run.user, run.thread_id).require().items[-1]
    world.expect(newest, has_properties(run_id=run.run_id, role="assistant", data=equal_to(answer)))


@then("the answer states no change since the previous answer")
def _(world):
    earlier, later = world.runs[-2:]
    savings = world.ended(earlier).part("monthly_savings")
    expected = has_entries(previous=equal_to({"run_id": earlier.run_id, "monthly_savings": savings}), change="+0.00")
    world.expect(world.ended(later).result, expected)


@then("the answer states the change since the previous answer")
def _(world):
    earlier, later = world.runs[-2:]
    expected = finished_runs.expected_before_and_after(world, later, earlier)
    for run, answer in zip((earlier, later), expected, strict=True):
        world.expect(world.ended(run).result, answer)


@then("every run of {customer:User} reads as completed")
def _(world, customer):
    runs = [run for run in world.runs if run.user is customer]
    world.expect([world.ended(run).status for run in runs], only_contains("completed"))
    world.expect([world.stored(run).status for run in runs], only_contains("completed"), "read once more")
