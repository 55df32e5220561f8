"""A failing tool does not end the work."""

from hamcrest import equal_to

from support.matchers.answers import equals_usage
from support.matchers.problems import is_fit_for_a_customer
from support.run.sentences import given, then, when
from support.scenario.partner import PRICES
from support.tool_dispatcher import tool_calls, tool_failures


@given("the partner has lost its price list")
def _(world):
    world.partner.fail(PRICES, 404, {"error": "there is no price list"})


@when("{customer:User} runs an agent that goes on after a tool that {flaw:Flaw}")
def _(world, customer, flaw):
    tool_failures.go_on_after(world, customer, flaw)


@then("{viewer:User} was shown that the tool failed, for a reason fit for a customer")
def _(world, viewer):
    end = tool_calls.ends_of_calls(world, viewer)[0]
    error = end.get("error") or {}
    world.expect((end.get("outcome"), error.get("code")), equal_to(("failed", "tool_failed")))
    world.expect(str(error.get("message", "")), is_fit_for_a_customer())


@then("the next tool of the plan has done its work")
def _(world):
    customer = world.last_run.user
    world.expect(tool_failures.next_tool(world, customer), equal_to(tool_failures.next_tool_due(customer)))


@then("the run ends with an answer that is marked as partial")
def _(world):
    ended = tool_failures.end_of(world, world.last_run.user)
    world.expect(ended, equal_to(tool_failures.end_due(partial=True)))


@then("the run ends with an answer that is not marked as partial")
def _(world):
    ended = tool_failures.end_of(world, world.last_run.user)
    world.expect(ended, equal_to(tool_failures.end_due(partial=False)))


@then("the run ends with an answer that is marked as partial, and has the totals of {customer:Owner} own usage")
def _(world, customer):
    ended = tool_failures.end_of(world, customer)
    world.expect(ended, equal_to(tool_failures.end_due(partial=True)))
    report = (world.ended(world.run_of(customer)).get("answer") or {}).get("usage_report")
    world.expect(report, equals_usage(customer.tenant.usage))
