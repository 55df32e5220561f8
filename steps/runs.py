"""Customers ask agents to work."""


from behave import given, when

from support import agents
from support.partner import PRICES


@given("{customer:User} has finished {agent:Agent}")
@when("{customer:User} runs {agent:Agent}")
def _(context, customer, agent):
    context.world.ended(context.world.running(customer, agent.wire))


@given("{customer:User} has started {agent:Agent}")
@when("{customer:User} starts {agent:Agent}")
def _(context, customer, agent):
    context.world.start_run(customer, agent.wire)


@when("{customers:Users} each run {agent:Agent} at once")
def _(context, customers, agent):
    context.world.run_at_once(customers, agent.wire)


@when("all of them run {agent:Agent} at once")
def _(context, agent):
    context.world.run_at_once(list(context.world.users), agent.wire)


@given("the partner's price list is held back")
def _(context):
    context.world.partner.hold(PRICES)


@when("the partner's price list arrives")
def _(context):
    context.world.partner.release(PRICES)
