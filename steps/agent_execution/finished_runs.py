"""A finished run survives a restart."""

from hamcrest import equal_to, has_properties

from support.agent_execution import finished_runs
from support.agent_execution.finished_runs import FinishedRun
from support.matchers.faultless import is_just
from support.platform.components import Component
from support.run.sentences import then, when


@when("the backend crashes and restarts")
def _(world):
    world.keep(FinishedRun(world.stored(world.last_run)))
    world.faults.restart(Component.API)


@then("the run is unchanged")
def _(world):
    world.expect(world.stored(world.last_run).raw, is_just(world.kept(FinishedRun).run.raw))


@then("the answer is the newest message of the run's conversation")
def _(world):
    run, answer = world.last_run, world.kept(FinishedRun).run.result
    newest = world.platform.messages(run.user, run.thread_id).require().items[-1]
    world.expect(newest, has_properties(run_id=run.run_id, role="assistant", data=equal_to(answer)))


@then("the answer states the change since the previous answer")
def _(world):
    earlier, later = world.runs[-2:]
    expected = finished_runs.expected_before_and_after(world, later, earlier)
    for run, answer in zip((earlier, later), expected, strict=True):
        world.expect(world.ended(run).result, answer)
