"""Requests that break off half-way, and what is left of them."""

from behave import given, then, when
from hamcrest import equal_to

from support import allowances, halfway
from support.checks.problems import is_refused_with
from support.halfway import BROKEN_OFF, EXPENSE, BrokenOff


@given("the booking of an expense by {customer:User} has broken off half-way")
def _(context, customer):
    halfway.booking(context.world, customer).require()


@given("the request of {customer:User} for a usage report has broken off half-way")
def _(context, customer):
    halfway.usage_report(context.world, customer).require()


@when("the booking of an expense by {customer:User} breaks off half-way")
def _(context, customer):
    context.world.facts[BROKEN_OFF] = halfway.booking(context.world, customer)


@when("the request of {customer:User} for a usage report breaks off half-way")
def _(context, customer):
    context.world.facts[BROKEN_OFF] = halfway.usage_report(context.world, customer)


@when("{customer:User} books it again")
def _(context, customer):
    context.world.outcome = context.world.platform.book_expense(customer, *EXPENSE)


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


@then("{customer:User} finds it booked once")
def _(context, customer):
    context.world.expect(context.world.last_outcome.done, equal_to(True), str(context.world.last_outcome))
    amount, _purpose = EXPENSE
    once = {"spent": amount, "spent by you": amount, "booked": [EXPENSE]}
    context.world.expect(allowances.found(context.world, customer), equal_to(once))


@then("{customer:User} finds one whole run")
def _(context, customer):
    context.world.expect(context.world.last_outcome.done, equal_to(True), str(context.world.last_outcome))
    context.world.ended(context.world.run_of(customer))
    once = {"runs": ["completed"], "said": [["user", "assistant"]]}
    context.world.expect(halfway.runs_found(context.world, customer), equal_to(once))
