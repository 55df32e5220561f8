"""Customers ask agents to work, and stop them."""

import time

from behave import given, when

from support import agents, situations
from support.partner import PRICES


@given("{customer:User} has finished {agent:Agent}")
@when("{customer:User} runs {agent:Agent}")
def _(context, customer, agent):
    context.world.ended(context.world.running(customer, agent.wire))


@given("{customer:User} has finished {agent:Agent} twice")
def _(context, customer, agent):
    for _time in range(2):
        context.world.ended(context.world.running(customer, agent.wire))


@when("{customer:User} starts {agent:Agent}")
def _(context, customer, agent):
    context.world.start_run(customer, agent.wire)


@when("{customer:User} starts {agent:Agent} that has to wait")
def _(context, customer, agent):
    run = context.world.running(customer, agent.wire)
    context.world.recall("states", dict)[run.run_id] = "queued"


@when("{customer:User} runs {agent:Agent} in the same thread")
def _(context, customer, agent):
    earlier = context.world.run_of(customer)
    context.world.ended(context.world.running(customer, agent.wire, thread_id=earlier.thread_id))


@when("{customer:User} runs {agent:Agent} under a trace of {owner:Owner} own")
def _(context, customer, agent, owner):
    context.world.ended(context.world.running(customer, agent.wire))


@when("{customer:User} runs every agent")
def _(context, customer):
    for agent in agents.Agent:
        context.world.ended(context.world.running(customer, agent.wire))


@when("{customers:Users} each run {agent:Agent} at once")
def _(context, customers, agent):
    context.world.run_at_once(customers, agent.wire)


@when("{customers:Users} run {agent:Agent} eight times, one after the other")
def _(context, customers, agent):
    for customer in customers * situations.ROUNDS:
        context.world.ended(context.world.running(customer, agent.wire))


@given("{customer:User} has started an agent that works hard until it is stopped")
def _(context, customer):
    situations.hard_working_run(context.world, customer)


@when("all of them run {agent:Agent} at once")
def _(context, agent):
    context.world.run_at_once(list(context.world.users), agent.wire)


@when("{customer:User} asks for an agent that does not exist")
def _(context, customer):
    context.world.start_run(customer, "cost_analysys")


@when("{customer:User} runs an agent that crashes")
def _(context, customer):
    context.world.ended(context.world.running(customer, agents.PROBE, input=agents.crashing()))


@when("{customer:User} runs an agent that crashes while {other:User} runs {agent:Agent}")
def _(context, customer, other, agent):
    beside = context.world.running(other, agent.wire)
    context.world.ended(context.world.running(customer, agents.PROBE, input=agents.crashing()))
    context.world.ended(beside)


@when("{customer:User} runs an agent that uses three tools side by side")
def _(context, customer):
    paths = [f"{situations.waiting_place(customer)}-{number}" for number in range(3)]
    for path in paths:
        context.world.partner.delay(path, situations.SIDE_BY_SIDE)
    context.world.ended(context.world.running(customer, agents.PROBE, input=agents.side_by_side(*paths)))


@when("{customer:User} starts an agent that hangs, with a time limit")
def _(context, customer):
    situations.hanging_run(context.world, customer)


@when("{customer:User} starts an agent that never gives way, with a time limit")
def _(context, customer):
    limit = situations.TIME_LIMIT
    context.world.running(customer, agents.PROBE, input=agents.blocking(), time_limit_seconds=limit)


@when("{customer:User} runs an agent that tries to end the process")
def _(context, customer):
    context.world.ended(context.world.running(customer, agents.PROBE, input=agents.exiting()))


@given("{customer:User} has started more hanging runs than the platform can carry out at once, each with a time limit")
def _(context, customer):
    situations.hanging_everywhere(context.world, customer)


@given("{customer:User} has started an agent that waits for the partner")
def _(context, customer):
    situations.waiting_run(context.world, customer)


@given("every place to work is taken by a run of {customer:User} that waits for the partner")
def _(context, customer):
    taken = situations.every_place_taken(context.world, customer)
    context.world.facts.setdefault("states", {}).update({run.run_id: "running" for run in taken})


@given("{customer:User} has runs that completed, failed, timed out and were cancelled")
def _(context, customer):
    situations.ended_in_every_way(context.world, customer)


@given("{customer:User} has cancelled the run")
@when("{customer:User} cancels the run")
def _(context, customer):
    context.world.facts["cancelled at"] = time.time()
    context.world.outcome = context.world.platform.cancel_run(customer, context.world.run_of(customer).run_id)


@when("{others:Users} try to cancel {customer:Owner} run before the partner answers")
def _(context, others, customer):
    run = context.world.run_of(customer)
    context.world.facts["attempts"] = [situations.cancel_attempt(context.world, other, run) for other in others]
    context.world.partner.release(situations.waiting_place(customer))


@given("the partner's price list is held back")
def _(context):
    context.world.partner.hold(PRICES)


@given("the partner takes a second to answer")
def _(context):
    context.world.partner.delay(PRICES, 1.0)
