"""The time that tools are told to take."""

from behave import then, when
from hamcrest import equal_to

from support import tool_calls, tool_times
from support.checks.tools import take_as_long_as_their_backend


@when("{customer:User} runs an agent that asks more than it may ask at once")
def _(context, customer):
    tool_times.ask_more_than_at_once(context.world, customer)


@then("the time told for the price list is the time that the partner took")
def _(context):
    timed = tool_times.timed_price_list(context.world, context.world.last_run.user)
    context.world.expect(timed, take_as_long_as_their_backend(slack=tool_times.SLACK))


@then("the time told for each question is the time that the partner took, without the wait for its turn")
def _(context):
    timed = tool_times.timed_questions(context.world, context.world.last_run.user)
    context.world.expect(timed, take_as_long_as_their_backend(slack=tool_times.SLACK))


@then("the records hold the times that {viewer:User} was told")
def _(context, viewer):
    told = tool_times.told_times(context.world, viewer)
    context.world.expect(tool_calls.recorded(context.world, context.world.run_of(viewer)), equal_to(told))
