"""What customers are told of failures, and what our logs know of them."""

from behave import then, when

from support import breakdowns
from support.checks.failures import are_told_as, explain_each, show_nothing_of_the_inside
from support.dialect import Meaning


@when("{customer:User} tries the doors that need it while {broken:Breakdown}")
def _(context, customer, broken):
    breakdowns.try_doors_while(context.world, broken)


@when("{customer:User} looks at what has been spoilt in the database")
def _(context, customer):
    breakdowns.look_at_the_spoilt(context.world, customer)


@then("each failure is told to be a passing one, under its request's number")
def _(context):
    failed = context.world.recall(breakdowns.FAILED, list)
    context.world.expect(failed, are_told_as(Meaning.UNAVAILABLE, "unavailable"))


@then("each failure is told to be a fault of ours, under its request's number")
def _(context):
    failed = context.world.recall(breakdowns.FAILED, list)
    context.world.expect(failed, are_told_as(Meaning.FAILED, "internal_error"))


@then("no answer shows anything of the inside")
def _(context):
    context.world.expect(context.world.recall(breakdowns.FAILED, list), show_nothing_of_the_inside())


@then("the log has the detail of each failure under the same number")
def _(context):
    numbers = [tried.answer.request_id for tried in context.world.recall(breakdowns.FAILED, list)]
    logged = [line.fields for line in breakdowns.lines_of_failures(context.world)]
    context.world.expect(logged, explain_each(numbers))
