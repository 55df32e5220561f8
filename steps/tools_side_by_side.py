"""Tools that fail, work side by side, or take their time."""

from behave import given, then, when
from hamcrest import contains_exactly, equal_to, less_than

from support import tool_use
from support.checks.answers import equals_usage
from support.checks.problems import is_fit_for_a_customer
from support.checks.tools import take_as_long_as_their_backend, were_at_work_together
from support.partner import PRICES

# -- failing ----------------------------------------------------------------------------------------------------------


@given("the partner has lost its price list")
def _(context):
    context.world.partner.fail(PRICES, 404, {"error": "there is no price list"})


@when("{customer:User} runs an agent that goes on after a tool that {flaw:Flaw}")
def _(context, customer, flaw):
    tool_use.go_on_after(context.world, customer, flaw)


@then("{viewer:User} was shown that the tool failed, for a reason fit for a customer")
def _(context, viewer):
    end = tool_use.ends_of_calls(context.world, viewer)[0]
    error = end.get("error") or {}
    context.world.expect((end.get("outcome"), error.get("code")), equal_to(("failed", "tool_failed")))
    context.world.expect(str(error.get("message", "")), is_fit_for_a_customer())


@then("the next tool of the plan has done its work")
def _(context):
    customer = context.world.last_run.user
    context.world.expect(tool_use.next_tool(context.world, customer), equal_to(tool_use.next_tool_due(customer)))


@then("the run ends with an answer that is marked as partial")
def _(context):
    ended = tool_use.end_of(context.world, context.world.last_run.user)
    context.world.expect(ended, equal_to(tool_use.end_due(partial=True)))


@then("the run ends with an answer that is not marked as partial")
def _(context):
    ended = tool_use.end_of(context.world, context.world.last_run.user)
    context.world.expect(ended, equal_to(tool_use.end_due(partial=False)))


@then("the run ends with an answer that is marked as partial, and has the totals of {customer:Owner} own usage")
def _(context, customer):
    ended = tool_use.end_of(context.world, customer)
    context.world.expect(ended, equal_to(tool_use.end_due(partial=True)))
    report = (context.world.ended(context.world.run_of(customer)).get("answer") or {}).get("usage_report")
    context.world.expect(report, equals_usage(customer.tenant.usage))


# -- side by side -----------------------------------------------------------------------------------------------------


@when("{customer:User} runs an agent that asks the partner two questions side by side")
def _(context, customer):
    tool_use.ask_two_questions(context.world, customer)


@when("{customer:User} runs an agent that lists the servers while the partner is silent")
def _(context, customer):
    tool_use.list_while_partner_is_silent(context.world, customer)
    context.world.facts["customers"] = [customer]


@then("both questions were with the partner at the same time")
def _(context):
    asked = tool_use.asked(context.world, context.world.last_run.user)
    context.world.expect(asked, were_at_work_together(2))


@then("each question has its own answer, in the result and as shown to {viewer:User}")
def _(context, viewer):
    context.world.expect(tool_use.own_answers(context.world, viewer), equal_to(tool_use.own_answers_due(viewer)))


@then("the servers were listed before the partner had answered")
def _(context):
    answered = tool_use.answered_at(context.world, context.world.last_run.user)
    told = tool_use.list_told_at(context.world, context.world.last_run.user)
    context.world.expect(told, contains_exactly(less_than(answered)))


# -- time -------------------------------------------------------------------------------------------------------------


@when("{customer:User} runs an agent that asks more than it may ask at once")
def _(context, customer):
    tool_use.ask_more_than_at_once(context.world, customer)


@then("the time told for the price list is the time that the partner took")
def _(context):
    timed = tool_use.timed_price_list(context.world, context.world.last_run.user)
    context.world.expect(timed, take_as_long_as_their_backend(slack=tool_use.SLACK))


@then("the time told for each question is the time that the partner took, without the wait for its turn")
def _(context):
    timed = tool_use.timed_questions(context.world, context.world.last_run.user)
    context.world.expect(timed, take_as_long_as_their_backend(slack=tool_use.SLACK))


@then("the records hold the times that {viewer:User} was told")
def _(context, viewer):
    told = tool_use.told_times(context.world, viewer)
    context.world.expect(tool_use.recorded(context.world, context.world.run_of(viewer)), equal_to(told))
