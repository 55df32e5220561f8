"""A failing tool does not end the run."""

from support.matchers.answers import equals_usage
from support.matchers.faultless import is_just
from support.run.sentences import then
from support.tool_dispatcher import tool_failures


@then("the next tool of {customer:Owner} agent succeeds")
def _(world, customer):
    world.expect(tool_failures.next_tool(world, customer), is_just(tool_failures.expected_next_tool(customer)))


@then("the run completes with {partial:Completeness}")
def _(world, partial):
    ended = tool_failures.end_of(world, world.last_run.user)
    world.expect(ended, is_just(tool_failures.expected_end(partial)))


@then("the answer contains the totals of {customer:Owner} own usage")
def _(world, customer):
    world.expect(tool_failures.usage_part(world, customer), equals_usage(customer.tenant.usage))
