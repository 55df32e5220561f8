"""Events arrive as soon as they happen."""

from support.platform.components import Component
from support.run.sentences import given, then
from support.scenario import received_events


@given("the analytics service hangs")
def _(world):
    world.faults.freeze(Component.ANALYTICS)


@then("no event has arrived later than the target time for {budget:Budget}")
def _(world, budget):
    world.within(budget, max(received_events.delays(world)), "the latest delivery")
