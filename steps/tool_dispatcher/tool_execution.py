"""A tool does what it was asked to do."""

from hamcrest import equal_to

from support.run.sentences import then, when
from support.tool_dispatcher import tool_calls, tool_execution


@when("{customer:User} has an agent {task:Task} {count:Count} of the servers")
def _(world, customer, task, count):
    tool_execution.has_done(world, customer, task, count)


@when("{customer:User} has an agent read the price of a larger server")
def _(world, customer):
    tool_execution.read_a_price(world, customer)


@then("the result has that price as the partner lists it, and no other")
def _(world):
    told = tool_calls.results(world, world.last_run.user)
    world.expect(told, equal_to([tool_execution.price_due(world)]))
