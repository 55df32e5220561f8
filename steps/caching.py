"""What is read from the cache, after changes and in trouble."""

from behave import given, then, when
from hamcrest import equal_to

from support import caching
from support.caching import BACKEND, DUE


@given("{customer:Owner} allowance is read from the cache")
def _(context, customer):
    caching.with_cached_allowance(context.world, customer)


@given("there is a second backend")
def _(context):
    context.world.faults.start_spare("backend-2")
    context.world.facts["backends"] = (BACKEND, context.world.addresses.spare_backend_url)


@given("both backends read {customer:Owner} allowance from the cache")
def _(context, customer):
    caching.with_cached_allowance(context.world, customer)
    for backend in context.world.recall("backends", tuple):
        caching.until_cached(context.world, customer, backend)


@given("the cache {trouble:Trouble}")
def _(context, trouble):
    context.world.facts["trouble"] = trouble
    caching.befall(context.world, trouble)


@given("{customer:User} has booked an expense meanwhile")
def _(context, customer):
    caching.change(context.world, customer, caching.Change.EXPENSE).require()


@when("the cache is back")
def _(context):
    caching.recover(context.world, context.world.recall("trouble", caching.Trouble))


@when("{customer:User} {change:Change}")
def _(context, customer, change):
    context.world.outcome = caching.change(context.world, customer, change)


@when("{customer:User} changes the allowance at the one and then at the other")
def _(context, customer):
    backends = context.world.recall("backends", tuple)
    context.world.facts["looks"] = caching.change_at_each(context.world, customer, backends)


@when("the allowances of {customers:Users} are read from the cache in turn")
def _(context, customers):
    for number, customer in enumerate(customers):
        caching.with_cached_allowance(context.world, customer, f"{number + 1}000.00")
    context.world.facts["looks"] = [(customer, caching.look(context.world, customer)) for customer in customers]


@then("{customer:User} reads the allowance as it now is")
def _(context, customer):
    due = context.world.recall(DUE, dict)[customer.tenant.alias]
    context.world.expect(context.world.last_outcome.done, equal_to(True), str(context.world.outcome))
    context.world.expect(caching.look(context.world, customer).read, equal_to(due))


@then("{people:Users} read the allowance as it now is")
def _(context, people):
    context.world.expect(context.world.last_outcome.done, equal_to(True), str(context.world.outcome))
    for person in people:
        due = context.world.recall(DUE, dict)[person.tenant.alias]
        context.world.expect(caching.look(context.world, person).read, equal_to(due))


@then("both have read the allowance as it was after each change")
def _(context):
    for due, looks in context.world.recall("looks", list):
        context.world.expect([look.read for look in looks], equal_to([due] * len(looks)))


@then("{customer:User} reads the allowance as it now is, from the cache")
def _(context, customer):
    due = context.world.recall(DUE, dict)[customer.tenant.alias]
    context.world.expect(caching.until_cached(context.world, customer), equal_to(due))


@then("each has read their own allowance")
def _(context):
    for customer, look in context.world.recall("looks", list):
        due = context.world.recall(DUE, dict)[customer.tenant.alias]
        context.world.expect(look, equal_to(caching.Look(due, from_cache=True)))
