"""One trace runs through everything a request touched."""

from functools import partial

from hamcrest import equal_to

from support.agent_execution.tracing import LOOKING_IN
from support.run.sentences import then, when


@when("{customer:User} runs {agent:Agent} under a trace of {owner:Owner} own")
def _(world, customer, agent, owner):
    world.ended(world.running(customer, agent.wire))


@then("{customer:Owner} trace is found in")
def _(world, customer, table):
    run = world.run_of(customer)
    for row in table:
        look = LOOKING_IN[row["place"]]
        found = world.eventually(partial(look, world, run), bool, "records agree", row["place"])
        world.expect(found, equal_to({run.trace_id}), row["place"])
