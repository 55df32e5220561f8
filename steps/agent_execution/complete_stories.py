"""The story of a run is complete, in order and told once."""

from hamcrest import has_items, has_length

from support.platform.story import overlapping_calls
from support.run.sentences import then, when
from support.tool_dispatcher import parallel_tools


@when("{customer:User} runs an agent that uses three tools side by side")
def _(world, customer):
    parallel_tools.use_three_tools(world, customer)


@then("the story tells of three tool calls side by side")
def _(world):
    run = world.last_run
    world.expect(overlapping_calls(run.user.watching.of(run)), has_length(3))


@then("the story tells of no tool call")
def _(world):
    run = world.last_run
    calls = [event for event in run.user.watching.of(run) if event.call_id]
    world.expect(calls, has_length(0))


@then("the story tells the parts of the cost analysis and the usage report")
def _(world):
    run = world.last_run
    delegates = {event.agent_name for event in run.user.watching.of(run) if event.delegated}
    world.expect(delegates, has_items("cost_analysis", "usage_report"))
