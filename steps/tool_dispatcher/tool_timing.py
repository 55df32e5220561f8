"""The duration of each tool call is measured."""

from support.matchers.faultless import is_just
from support.run.sentences import given, then
from support.scenario.partner import PRICES
from support.tool_dispatcher import tool_calls, tool_timing


@given("the partner takes a second to respond with an error")
def _(world):
    world.partner.fail(PRICES, 404, {"error": "there is no price list"}, seconds=1.0)


@given("the partner takes a second to complete its response")
def _(world):
    world.partner.delay(PRICES, 1.0, in_two_parts=True)


@then("the duration reported to {viewer:User} for {calls:TimedCalls} is the partner's response time")
def _(world, viewer, calls):
    world.expect(calls(world, viewer), tool_timing.take_as_long_as_the_partner(slack=tool_timing.SLACK))


@then("the stored durations equal those that were reported to {viewer:User}")
def _(world, viewer):
    stored = tool_calls.stored_durations(world, world.run_of(viewer))
    world.expect(stored, is_just(tool_timing.reported_durations(world, viewer)))
