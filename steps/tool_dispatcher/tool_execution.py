"""A tool does exactly what was requested."""

from support.matchers.faultless import is_just
from support.run.sentences import then
from support.tool_dispatcher import tool_calls, tool_execution


@then("the result is the larger server's price in the partner's list")
def _(world):
    customer = world.last_run.user
    world.expect(tool_calls.results(world, customer), is_just([tool_execution.expected_price(world, customer)]))


@then("each result is the larger server's price in the customer's own region")
def _(world):
    for run in world.runs:
        found, expected = tool_calls.results(world, run.user), tool_execution.expected_price(world, run.user)
        world.expect(found, is_just([expected]), str(run.user))
