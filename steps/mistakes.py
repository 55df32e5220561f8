"""Requests with something wrong about them."""

from behave import then, when
from hamcrest import equal_to

from support import mistakes, rows
from support.checks.mistakes import name_what_is_wrong


@when("{customer:User} sends every request with {wrong:Wrong}")
def _(context, customer, wrong):
    mistakes.send_all(context.world, customer, wrong)


@then("each is refused with what is wrong named")
def _(context):
    context.world.expect(context.world.recall(mistakes.SENT, list), name_what_is_wrong())


@then("nobody has become a customer by it")
def _(context):
    before = context.world.recall(mistakes.CUSTOMERS, tuple)
    context.world.expect(rows.customers(context.world), equal_to(before))
