"""A crashing agent fails only its own run."""

from hamcrest import empty

from support.agent_execution import cancellation
from support.matchers.faultless import is_just
from support.run.sentences import then, when
from support.scenario import services, work


@when("{customer:User} runs {work_:Work} while {other:User} runs {beside:Work}")
def _(world, customer, work_, other, beside):
    run_beside = work.started(world, other, beside)
    work.done(world, customer, work_)
    world.ended(run_beside)


@then("{customer:Owner} run has failed because of the agent")
def _(world, customer):
    stored = world.ended(world.run_of(customer))
    world.expect((stored.status, stored.error_code), is_just(("failed", "agent_failed")))


@then("every service is ready")
def _(world):
    world.expect(services.unready(world), empty())


@then("the crashed run's request to the partner is aborted in time")
def _(world):
    cancellation.aborted_at(world, world.last_run)
