"""Customers who do whatever customers do, in any order."""

from support.matchers.faultless import faultless
from support.run.sentences import then, when
from support.walk import scenarios
from support.walk.walking import Walk


@when("customers of several organisations act in any order, and most of them {kind:WalkKind}")
def _(world, kind):
    scenarios.act_in_any_order(world, kind)


@then("every action has the expected outcome")
def _(world):
    world.expect(world.kept(Walk), scenarios.goes_as_it_must())


@then("every user finds everything that they have written, and every event")
def _(world):
    world.expect(scenarios.reads_back(world), faultless("everything as it was written, and every event", list))
