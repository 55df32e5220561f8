"""Sentences of several features: runs."""

import time

from hamcrest import equal_to, has_property

from support.agent_execution import run_tracking
from support.run.sentences import given, then, when
from support.scenario import agents, held_runs
from support.scenario.partner import PRICES


@given("{customer:User} has finished {agent:Agent}")
@when("{customer:User} runs {agent:Agent}")
def _(world, customer, agent):
    world.ended(world.running(customer, agent.wire))
    world.facts["end seen at"] = time.monotonic()


@when("{customer:User} starts {agent:Agent}")
def _(world, customer, agent):
    world.start_run(customer, agent.wire)


@when("{customer:User} runs an agent that crashes")
def _(world, customer):
    world.ended(world.running(customer, agents.PROBE, input=agents.crashing()))


@when("{customer:User} starts an agent that hangs, with a time limit")
def _(world, customer):
    held_runs.hanging_run(world, customer)


@given("{customer:User} has started an agent that waits for the partner")
def _(world, customer):
    held_runs.waiting_run(world, customer)


@given("{customer:User} has runs that completed, failed, timed out and were cancelled")
def _(world, customer):
    run_tracking.ended_in_every_way(world, customer)


@given("{customer:User} has cancelled the run")
@when("{customer:User} cancels the run")
def _(world, customer):
    world.facts["cancelled at"] = time.time()
    world.outcome = world.platform.cancel_run(customer, world.run_of(customer).run_id)
    world.facts.setdefault("cancellations", []).append(world.outcome)


@given("the partner takes a second to answer")
def _(world):
    world.partner.delay(PRICES, 1.0)


@then("the run is stored as {status:Status}")
def _(world, status):
    world.expect(world.ended(world.last_run)["status"], equal_to(status))


@then("{customer:Owner} run ends with its result")
def _(world, customer):
    world.expect(world.ended(world.run_of(customer))["status"], equal_to("completed"))


@then("{customer:User} can finish {agent:Agent}")
def _(world, customer, agent):
    run = world.start_run(customer, agent.wire)
    world.expect(world.last_outcome, has_property("done", True))
    world.expect(world.ended(run)["status"], equal_to("completed"))
