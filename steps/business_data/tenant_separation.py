"""The database itself keeps customers apart."""

from support.business_data import tenant_separation
from support.business_data.tenant_separation import EVERY_KIND
from support.business_data.tenant_separation_matchers import reaches_no_row, reaches_only_rows_of
from support.run.sentences import given, then, when


@given("{customers:Users} have data of every kind")
def _(world, customers):
    for customer in customers:
        tenant_separation.data_of_every_kind(world, customer)
    world.facts["customers"] = customers


@when("the platform's own database account looks on behalf of {customer:User}")
def _(world, customer):
    customers = world.recall("customers", list)
    world.facts["reached"] = tenant_separation.seen_on_behalf_of(world, customer, customers)


@when("the platform's own database account looks on behalf of nobody")
def _(world):
    customers = world.recall("customers", list)
    world.facts["reached"] = tenant_separation.seen_on_behalf_of(world, None, customers)


@when("the platform's own database account tries to change everything on behalf of {customer:User}")
def _(world, customer):
    customers = world.recall("customers", list)
    world.facts["reached"] = tenant_separation.changed_on_behalf_of(world, customer, customers)


@then("it sees {customer:Owner} data of every kind and nobody else's")
@then("it has changed {customer:Owner} data of every kind and nobody else's")
def _(world, customer):
    reached = world.recall("reached", dict)
    world.expect(reached, reaches_only_rows_of(customer.tenant.id, EVERY_KIND))


@then("it sees nothing at all")
def _(world):
    world.expect(world.recall("reached", dict), reaches_no_row(EVERY_KIND))


@then("on behalf of {customer:User} it sees {owner:Owner} data of every kind")
def _(world, customer, owner):
    seen = tenant_separation.seen_on_behalf_of(world, customer, world.recall("customers", list))
    world.expect(seen, reaches_only_rows_of(owner.tenant.id, EVERY_KIND))
