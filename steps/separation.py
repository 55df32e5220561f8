"""What the database shows and lets be changed, on whose behalf."""

from behave import given, then, when

from support import separation
from support.checks.separation import reaches_no_row, reaches_only_rows_of
from support.separation import EVERY_KIND


@given("{customers:Users} have data of every kind")
def _(context, customers):
    for customer in customers:
        separation.data_of_every_kind(context.world, customer)
    context.world.facts["customers"] = customers


@when("the platform's own database account looks on behalf of {customer:User}")
def _(context, customer):
    customers = context.world.recall("customers", list)
    context.world.facts["reached"] = separation.seen_on_behalf_of(context.world, customer, customers)


@when("the platform's own database account looks on behalf of nobody")
def _(context):
    customers = context.world.recall("customers", list)
    context.world.facts["reached"] = separation.seen_on_behalf_of(context.world, None, customers)


@when("the platform's own database account tries to change everything on behalf of {customer:User}")
def _(context, customer):
    customers = context.world.recall("customers", list)
    context.world.facts["reached"] = separation.changed_on_behalf_of(context.world, customer, customers)


@then("it sees {customer:Owner} data of every kind and nobody else's")
@then("it has changed {customer:Owner} data of every kind and nobody else's")
def _(context, customer):
    reached = context.world.recall("reached", dict)
    context.world.expect(reached, reaches_only_rows_of(customer.tenant.id, EVERY_KIND))


@then("it sees nothing at all")
def _(context):
    context.world.expect(context.world.recall("reached", dict), reaches_no_row(EVERY_KIND))


@then("on behalf of {customer:User} it sees {owner:Owner} data of every kind")
def _(context, customer, owner):
    seen = separation.seen_on_behalf_of(context.world, customer, context.world.recall("customers", list))
    context.world.expect(seen, reaches_only_rows_of(owner.tenant.id, EVERY_KIND))
