"""Sentences of several features: tools."""

from hamcrest import has_length

from support.cloud import servers
from support.matchers.faultless import is_just
from support.matchers.problems import is_fit_for_a_customer
from support.run.sentences import then
from support.tool_dispatcher import tool_calls, tool_execution
from support.tool_dispatcher.server_tasks import TaskRequests


@then("every cloud account shows exactly the changes that its owner requested")
def _(world):
    requests = world.kept(TaskRequests)
    world.expect(servers.accounts(world), is_just(requests.expected(), "just the requested changes"))


@then("each result reports the servers as the customer's own cloud account shows them")
def _(world):
    world.expect(tool_execution.reported(world), is_just(tool_execution.expected_reports(world)))


@then("{viewer:User} can read that one tool call failed because {outcomes:ToolFailure}")
def _(world, viewer, outcomes):
    world.expect(tool_calls.outcomes(world, viewer), is_just(outcomes))
    (reason,) = world.expect(tool_calls.reasons(world, viewer), has_length(1))
    world.expect(reason, is_fit_for_a_customer())
