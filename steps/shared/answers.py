"""Sentences of several features: answers."""

from support.agent_execution import computed_answers
from support.run.sentences import then


@then("the answer equals the savings in {customer:Owner} own inventory")
@then("the answer equals the totals of {customer:Owner} own usage")
def _(world, customer):
    run = world.run_of(customer)
    world.expect(world.ended(run).result, computed_answers.expected_answer(world, run))


@then("each customer's answer equals the savings in their own inventory")
@then("each answer equals what the customer's own data gives")
def _(world):
    for run in world.runs:
        world.expect(world.ended(run).result, computed_answers.expected_answer(world, run))
