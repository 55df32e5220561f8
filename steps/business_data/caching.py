"""The cache never lies."""

from hamcrest import equal_to

from support.business_data import caching
from support.business_data.caching import BACKEND, DUE
from support.run.sentences import given, then, when


@given("{customer:Owner} allowance is read from the cache")
def _(world, customer):
    caching.with_cached_allowance(world, customer)


@given("there is a second backend")
def _(world):
    world.faults.start_spare("backend-2")
    world.facts["backends"] = (BACKEND, world.addresses.spare_backend_url)


@given("both backends read {customer:Owner} allowance from the cache")
def _(world, customer):
    caching.with_cached_allowance(world, customer)
    for backend in world.recall("backends", tuple):
        caching.until_cached(world, customer, backend)


@given("the cache {trouble:Trouble}")
def _(world, trouble):
    world.facts["trouble"] = trouble
    caching.befall(world, trouble)


@given("{customer:User} has booked an expense meanwhile")
def _(world, customer):
    caching.change(world, customer, caching.Change.EXPENSE).require()


@when("the cache is back")
def _(world):
    caching.recover(world, world.recall("trouble", caching.Trouble))


@when("{customer:User} {change:Change}")
def _(world, customer, change):
    world.outcome = caching.change(world, customer, change)


@when("{customer:User} changes the allowance at the one and then at the other")
def _(world, customer):
    backends = world.recall("backends", tuple)
    world.facts["looks"] = caching.change_at_each(world, customer, backends)


@when("the allowances of {customers:Users} are read from the cache in turn")
def _(world, customers):
    for number, customer in enumerate(customers):
        caching.with_cached_allowance(world, customer, f"{number + 1}000.00")
    world.facts["looks"] = [(customer, caching.look(world, customer)) for customer in customers]


@then("{customer:User} reads the allowance as it now is")
def _(world, customer):
    due = world.recall(DUE, dict)[customer.tenant.alias]
    world.expect(world.last_outcome.done, equal_to(True), str(world.outcome))
    world.expect(caching.look(world, customer).read, equal_to(due))


@then("{people:Users} read the allowance as it now is")
def _(world, people):
    world.expect(world.last_outcome.done, equal_to(True), str(world.outcome))
    for person in people:
        due = world.recall(DUE, dict)[person.tenant.alias]
        world.expect(caching.look(world, person).read, equal_to(due))


@then("both have read the allowance as it was after each change")
def _(world):
    for due, looks in world.recall("looks", list):
        world.expect([look.read for look in looks], equal_to([due] * len(looks)))


@then("{customer:User} reads the allowance as it now is, from the cache")
def _(world, customer):
    due = world.recall(DUE, dict)[customer.tenant.alias]
    world.expect(caching.until_cached(world, customer), equal_to(due))


@then("each has read their own allowance")
def _(world):
    for customer, look in world.recall("looks", list):
        due = world.recall(DUE, dict)[customer.tenant.alias]
        world.expect(look, equal_to(caching.Look(due, from_cache=True)))
