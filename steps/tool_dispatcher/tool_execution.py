"""A tool does exactly what was requested."""

from support.matchers.faultless import is_just
from support.run.sentences import then
from support.tool_dispatcher import tool_calls, tool_execution


@then("the result is the larger server's price in the partner's list")
def _(world):
    found = tool_calls.results(world, world.last_run.user)
    world.expect(found, is_just([tool_execution.expected_price(world)]))
