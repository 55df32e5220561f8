"""Sentences of several features: tools."""

from hamcrest import equal_to

from support.run.sentences import then
from support.tool_dispatcher import tool_calls, tool_execution


@then("{customer:Owner} cloud account shows it done to these servers and to no others")
@then("each cloud account shows it done to its own servers and to no others")
def _(world, customer=None):
    for assignment in tool_execution.assignments(world):
        world.expect(tool_execution.as_they_are(world, assignment), equal_to(assignment.after()))


@then("the result tells it as the cloud account shows it")
@then("each result tells it as the customer's own cloud account shows it")
def _(world):
    for assignment in tool_execution.assignments(world):
        told = tool_execution.in_order(tool_calls.results(world, assignment.customer))
        world.expect(told, equal_to(tool_execution.result_due(world, assignment)))


@then("each list names the customer's own servers and no others")
def _(world):
    for customer in world.recall("customers", list):
        own = tool_execution.owned(world, customer)
        world.expect(tool_execution.listed(world, customer), equal_to(own))
