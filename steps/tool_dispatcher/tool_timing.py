"""The time of tools is measured."""

from hamcrest import equal_to

from support.run.sentences import then, when
from support.tool_dispatcher import tool_calls, tool_timing
from support.tool_dispatcher.tool_matchers import take_as_long_as_their_backend


@when("{customer:User} runs an agent that asks more than it may ask at once")
def _(world, customer):
    tool_timing.ask_more_than_at_once(world, customer)


@then("the time told for the price list is the time that the partner took")
def _(world):
    timed = tool_timing.timed_price_list(world, world.last_run.user)
    world.expect(timed, take_as_long_as_their_backend(slack=tool_timing.SLACK))


@then("the time told for each question is the time that the partner took, without the wait for its turn")
def _(world):
    timed = tool_timing.timed_questions(world, world.last_run.user)
    world.expect(timed, take_as_long_as_their_backend(slack=tool_timing.SLACK))


@then("the records hold the times that {viewer:User} was told")
def _(world, viewer):
    told = tool_timing.told_times(world, viewer)
    world.expect(tool_calls.recorded(world, world.run_of(viewer)), equal_to(told))
