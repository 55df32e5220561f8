"""A tool works in its caller's own account."""

from hamcrest import equal_to

from support.run.sentences import then, when
from support.tool_dispatcher import tool_calls, tool_execution


@when("{customers:Users} each have an agent {task:Task} {count:Count} of their servers at once")
def _(world, customers, task, count):
    tool_execution.have_done_at_once(world, customers, task, count)


@when("{customers:Users} each have an agent list their servers at once")
def _(world, customers):
    tool_execution.have_listed_at_once(world, customers)
    world.facts["customers"] = customers


@when("{customer:User} has an agent stop a server of {other:Owner}, and then one of their own")
def _(world, customer, other):
    tool_execution.reach_out(world, customer, other)


@then("{customer:Owner} servers are as they were")
def _(world, customer):
    assignment = world.recall(tool_execution.ASSIGNMENTS, dict)[customer.alias]
    world.expect(tool_execution.as_they_are(world, assignment), equal_to(assignment.before))


@then("{customer:Owner} agent has stopped the second server and is told that there is no first")
def _(world, customer):
    assignment = world.recall(tool_execution.ASSIGNMENTS, dict)[customer.alias]
    world.expect(tool_execution.as_they_are(world, assignment), equal_to(assignment.after()))
    told = tool_calls.results(world, customer)
    world.expect(told, equal_to([None, *tool_execution.result_due(world, assignment)]))
