"""Programs that ask and look again, without a live connection."""

from behave import then, when

from support import following, openapi
from support.checks.published import are_as_published


@when("{customer:User} asks for {agent:Agent} and looks again until it has ended")
def _(context, customer, agent):
    following.ask_and_follow(context.world, customer, agent.wire)


@when("{customer:User} asks for what cannot be granted")
def _(context, customer):
    following.ask_wrongly(context.world, customer)


@then("every answer on the way was as published")
def _(context):
    answers = context.world.recall(following.ANSWERS, list)
    context.world.expect(answers, are_as_published(list(openapi.documents(context.world).values())))
