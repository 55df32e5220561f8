"""Customers sign up and are found again."""

from behave import then, when
from hamcrest import equal_to

from support import accounts, rows
from support.checks.problems import is_refused_with


@when("{customer:User} logs in from elsewhere, with the address in other letters")
def _(context, customer):
    context.world.outcome = accounts.log_in_elsewhere(context.world, customer)


@then("{customer:User} is known there as the customer who signed up")
def _(context, customer):
    context.world.expect(context.world.last_outcome.body, accounts.signed_up(customer))


@then("the records hold {customer:User} once")
def _(context, customer):
    context.world.expect(rows.accounts(context.world, customer), equal_to([(customer.id, customer.tenant.id)]))
    context.world.expect(rows.organisations(context.world, customer), equal_to(1))


@then("the records hold nothing of {newcomer:User}")
def _(context, newcomer):
    context.world.expect(rows.organisations(context.world, newcomer), equal_to(0))
    context.world.expect(rows.accounts(context.world, newcomer), equal_to([]))


@when("{newcomer:User} signs up with {customer:Owner} address in other letters")
def _(context, newcomer, customer):
    context.world.outcome = accounts.sign_up_under_address_of(context.world, newcomer, customer)


@then("the sign-up is refused because the address is taken")
def _(context):
    context.world.expect(context.world.last_outcome, is_refused_with("conflict"))
