"""When something fails the customer is told what, and whether to try again."""

from support.run.sentences import when
from support.scenario import agents


@when("{customer:User} runs an agent whose tool has a fault")
def _(world, customer):
    world.ended(world.running(customer, agents.PROBE, input=agents.with_broken_tool()))
