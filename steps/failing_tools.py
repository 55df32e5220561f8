"""Tools that fail, and what their agents make of it."""

from behave import given, then, when
from hamcrest import equal_to

from support import failing_tools, tool_calls
from support.checks.answers import equals_usage
from support.checks.problems import is_fit_for_a_customer
from support.partner import PRICES


@given("the partner has lost its price list")
def _(context):
    context.world.partner.fail(PRICES, 404, {"error": "there is no price list"})


@when("{customer:User} runs an agent that goes on after a tool that {flaw:Flaw}")
def _(context, customer, flaw):
    failing_tools.go_on_after(context.world, customer, flaw)


@then("{viewer:User} was shown that the tool failed, for a reason fit for a customer")
def _(context, viewer):
    end = tool_calls.ends_of_calls(context.world, viewer)[0]
    error = end.get("error") or {}
    context.world.expect((end.get("outcome"), error.get("code")), equal_to(("failed", "tool_failed")))
    context.world.expect(str(error.get("message", "")), is_fit_for_a_customer())


@then("the next tool of the plan has done its work")
def _(context):
    customer = context.world.last_run.user
    context.world.expect(
        failing_tools.next_tool(context.world, customer), equal_to(failing_tools.next_tool_due(customer))
    )


@then("the run ends with an answer that is marked as partial")
def _(context):
    ended = failing_tools.end_of(context.world, context.world.last_run.user)
    context.world.expect(ended, equal_to(failing_tools.end_due(partial=True)))


@then("the run ends with an answer that is not marked as partial")
def _(context):
    ended = failing_tools.end_of(context.world, context.world.last_run.user)
    context.world.expect(ended, equal_to(failing_tools.end_due(partial=False)))


@then("the run ends with an answer that is marked as partial, and has the totals of {customer:Owner} own usage")
def _(context, customer):
    ended = failing_tools.end_of(context.world, customer)
    context.world.expect(ended, equal_to(failing_tools.end_due(partial=True)))
    report = (context.world.ended(context.world.run_of(customer)).get("answer") or {}).get("usage_report")
    context.world.expect(report, equals_usage(customer.tenant.usage))
