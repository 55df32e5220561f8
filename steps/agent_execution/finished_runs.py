"""Finished work survives a restart."""

from hamcrest import (
    equal_to,
    has_entries,
)

from support.agent_execution import computed_answers
from support.cloud.savings import idle
from support.run.sentences import given, then, when
from support.scenario import planting


@then("the answer is the newest message of its thread")
def _(world):
    run = world.last_run
    newest = world.platform.messages(run.user, run.thread_id).require()["items"][-1]
    answer = world.facts["run before"]["answer"]
    world.expect(newest, has_entries(run_id=run.run_id, role="assistant", data=equal_to(answer)))


@then("the answer tells the change since the one before")
def _(world):
    expected = computed_answers.expected_before_and_after(world)
    for run, answer in zip(world.runs[-2:], expected, strict=True):
        world.expect(world.ended(run)["answer"], answer)


@given("{customer:User} starts one more server that nobody uses")
def _(world, customer):
    planting.more_servers(world, customer.tenant, [idle(1)])


@when("the backend crashes and is started again")
def _(world):
    world.facts["run before"] = world.stored(world.last_run)
    world.faults.restart("backend")


@when("{customer:User} runs {agent:Agent} in the same thread")
def _(world, customer, agent):
    earlier = world.run_of(customer)
    world.ended(world.running(customer, agent.wire, thread_id=earlier.thread_id))


@then("the run reads as it did before")
def _(world):
    run = world.last_run
    now = world.platform.run(run.user, run.run_id)
    world.expect(now.body, equal_to(world.facts["run before"]))
