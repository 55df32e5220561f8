"""A change happens wholly or not at all."""

from hamcrest import equal_to

from support.business_data import allowances, transactions
from support.business_data.transactions import BROKEN_OFF, EXPENSE, BrokenOff
from support.matchers.problems import is_refused_with
from support.run.sentences import given, then, when


@given("the booking of an expense by {customer:User} has broken off half-way")
def _(world, customer):
    transactions.booking(world, customer).require()


@given("the request of {customer:User} for a usage report has broken off half-way")
def _(world, customer):
    transactions.usage_report(world, customer).require()


@when("the booking of an expense by {customer:User} breaks off half-way")
def _(world, customer):
    world.facts[BROKEN_OFF] = transactions.booking(world, customer)


@when("the request of {customer:User} for a usage report breaks off half-way")
def _(world, customer):
    world.facts[BROKEN_OFF] = transactions.usage_report(world, customer)


@when("{customer:User} books it again")
def _(world, customer):
    world.outcome = world.platform.book_expense(customer, *EXPENSE)


@when("the end of {customer:Owner} run breaks off half-way")
def _(world, customer):
    world.facts[BROKEN_OFF] = transactions.end_of_run(world, customer)


@then("{customer:User} has found nothing of the end while it was half-way")
def _(world, customer):
    broken_off = world.recall(BROKEN_OFF, BrokenOff)
    world.expect(broken_off.meanwhile, equal_to(broken_off.before))


@then("{customer:User} finds the whole end all the same")
def _(world, customer):
    world.ended(world.run_of(customer))
    whole = {"runs": ["completed"], "said": [["user", "assistant"]]}
    world.expect(transactions.runs_found(world, customer), equal_to(whole))


@then("{customer:User} finds nothing of it, neither meanwhile nor afterwards")
def _(world, customer):
    broken_off = world.recall(BROKEN_OFF, BrokenOff)
    for found in (broken_off.meanwhile, broken_off.afterwards):
        world.expect(found, equal_to(broken_off.before))


@then("{customer:User} is asked to try again")
def _(world, customer):
    world.expect(world.recall(BROKEN_OFF, BrokenOff).answer, is_refused_with("unavailable"))


@then("{customer:User} finds it booked once")
def _(world, customer):
    world.expect(world.last_outcome.done, equal_to(True), str(world.last_outcome))
    amount, _purpose = EXPENSE
    once = {"spent": amount, "spent by you": amount, "booked": [EXPENSE]}
    world.expect(allowances.found(world, customer), equal_to(once))


@then("{customer:User} finds one whole run")
def _(world, customer):
    world.expect(world.last_outcome.done, equal_to(True), str(world.last_outcome))
    world.ended(world.run_of(customer))
    once = {"runs": ["completed"], "said": [["user", "assistant"]]}
    world.expect(transactions.runs_found(world, customer), equal_to(once))
