"""Sentences of several features: crowds."""

from support.load import populations
from support.matchers.received_events import each_hears_their_own
from support.run.sentences import given, then, when
from support.scenario import received_events
from support.scenario.users import Plan


@given("fifty customers")
def _(world):
    populations.organisations(world, populations.size(world).customers, 1, Plan.ENTERPRISE)


@given("each of them watches")
@when("each of them watches")
def _(world):
    populations.connect(world)


@then("each has seen the whole story of their own runs and nothing else")
def _(world):
    heard = received_events.crowd(world)
    world.expect(heard, each_hears_their_own(at_least=populations.crowd_size(world)))
