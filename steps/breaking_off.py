"""Requests that break off half-way, and what is left of them."""

from behave import then, when
from hamcrest import equal_to

from support import allowances, halfway
from support.checks.problems import is_refused_with
from support.halfway import BROKEN_OFF, EXPENSE, BrokenOff


@when("the booking of an expense by {customer:User} breaks off half-way")
def _(context, customer):
    context.world.facts[BROKEN_OFF] = halfway.booking(context.world, customer)


@when("the request of {customer:User} for a usage report breaks off half-way")
def _(context, customer):
    context.world.facts[BROKEN_OFF] = halfway.usage_report(context.world, customer)


@when("the end of {customer:Owner} run breaks off half-way")
def _(context, customer):
    context.world.facts[BROKEN_OFF] = halfway.end_of_run(context.world, customer)


@then("{customer:User} has found nothing of the end while it was half-way")
def _(context, customer):
    broken_off = context.world.recall(BROKEN_OFF, BrokenOff)
    context.world.expect(broken_off.meanwhile, equal_to(broken_off.before))


@then("{customer:User} finds the whole end all the same")
def _(context, customer):
    context.world.ended(context.world.run_of(customer))
    whole = {"runs": ["completed"], "said": [["user", "assistant"]]}
    context.world.expect(halfway.runs_found(context.world, customer), equal_to(whole))


@then("{customer:User} finds nothing of it, neither meanwhile nor afterwards")
def _(context, customer):
    broken_off = context.world.recall(BROKEN_OFF, BrokenOff)
    for found in (broken_off.meanwhile, broken_off.afterwards):
        context.world.expect(found, equal_to(broken_off.before))


@then("{customer:User} is asked to try again")
def _(context, customer):
    context.world.expect(context.world.recall(BROKEN_OFF, BrokenOff).answer, is_refused_with("unavailable"))


@then("what {customer:User} books again is booked once")
def _(context, customer):
    again = context.world.platform.book_expense(customer, *EXPENSE)
    context.world.expect(again.done, equal_to(True), str(again))
    amount, _purpose = EXPENSE
    once = {"spent": amount, "spent by you": amount, "booked": [EXPENSE]}
    context.world.expect(allowances.found(context.world, customer), equal_to(once))


@then("when {customer:User} asks again there is one whole run")
def _(context, customer):
    context.world.start_run(customer, "usage_report")
    context.world.expect(context.world.last_outcome.done, equal_to(True), str(context.world.outcome))
    context.world.ended(context.world.last_run)
    once = {"runs": ["completed"], "said": [["user", "assistant"]]}
    context.world.expect(halfway.runs_found(context.world, customer), equal_to(once))
