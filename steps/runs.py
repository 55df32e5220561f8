"""Customers ask agents to work, and stop them."""

import time
import uuid

from behave import given, when

from support import agents, held_runs, ledgers, metered_runs, operators_view, side_by_side
from support.partner import PRICES, own_path


@given("{customer:User} has finished {agent:Agent}")
@when("{customer:User} runs {agent:Agent}")
def _(context, customer, agent):
    context.world.ended(context.world.running(customer, agent.wire))
    context.world.facts["end seen at"] = time.monotonic()


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


@when("{customers:Users} run {agent:Agent} in turn, again and again")
def _(context, customers, agent):
    metered_runs.run_in_turn(context.world, customers, agent.wire)


@given("{customer:User} has started an agent that works hard until it is stopped")
def _(context, customer):
    metered_runs.hard_working_run(context.world, customer)


@when("{customer:User} asks for an agent that does not exist")
def _(context, customer):
    context.world.facts["counted"] = ledgers.counted(context.world, customer)
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
    side_by_side.use_three_tools(context.world, customer)


@when("{customer:User} starts an agent that hangs, with a time limit")
def _(context, customer):
    held_runs.hanging_run(context.world, customer)


@when("{customer:User} starts an agent that never gives way, with a time limit")
def _(context, customer):
    held_runs.blocking_run(context.world, customer)


@when("{customer:User} runs an agent that tries to end the process")
def _(context, customer):
    context.world.ended(context.world.running(customer, agents.PROBE, input=agents.exiting()))


@given(
    "{customer:User} has started more runs than there are places to work, with a time limit, and they {hang:Hanging}"
)
def _(context, customer, hang):
    held_runs.hanging_everywhere(context.world, customer, hang)


@given("{customer:User} has started an agent that waits for the partner")
def _(context, customer):
    held_runs.waiting_run(context.world, customer)


@given("every place to work is taken by a run of {customer:User} that waits for the partner")
def _(context, customer):
    taken = held_runs.every_place_taken(context.world, customer)
    context.world.facts.setdefault("states", {}).update({run.run_id: "running" for run in taken})


@given("{customer:User} has runs that completed, failed, timed out and were cancelled")
def _(context, customer):
    operators_view.ended_in_every_way(context.world, customer)


@given("{customer:User} has cancelled the run")
@when("{customer:User} cancels the run")
def _(context, customer):
    context.world.facts["cancelled at"] = time.time()
    context.world.outcome = context.world.platform.cancel_run(customer, context.world.run_of(customer).run_id)
    context.world.facts.setdefault("cancellations", []).append(context.world.outcome)


@when("{others:Users} try to cancel {customer:Owner} run before the partner answers")
def _(context, others, customer):
    run_id, cancel = context.world.run_of(customer).run_id, context.world.platform.cancel_run
    # What each is answered to it, and what to the cancelling of a run that never existed.
    context.world.facts["attempts"] = [(cancel(other, run_id), cancel(other, str(uuid.uuid4()))) for other in others]
    context.world.partner.release(own_path(customer))


@given("the partner's price list is held back")
def _(context):
    context.world.partner.hold(PRICES)


@given("the partner takes a second to answer")
def _(context):
    context.world.partner.delay(PRICES, 1.0)
