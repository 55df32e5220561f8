"""A run can be followed by asking alone."""

from support.api import polling
from support.matchers.openapi import are_as_published
from support.platform import openapi
from support.run.sentences import then, when


@when("{customer:User} asks for {agent:Agent} and looks again until it has ended")
def _(world, customer, agent):
    polling.ask_and_follow(world, customer, agent.wire)


@when("{customer:User} asks for what cannot be granted")
def _(world, customer):
    polling.ask_wrongly(world, customer)


@then("every answer on the way was as published")
def _(world):
    answers = world.recall(polling.ANSWERS, list)
    world.expect(answers, are_as_published(list(openapi.documents(world).values())))
