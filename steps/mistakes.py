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
    named = context.world.recall(mistakes.NAMED, set)
    context.world.expect(rows.customers(context.world, named), equal_to((0, 0)))
    # Whoever is a customer would have been found.
    known = context.world.users.customers[0]
    context.world.expect(rows.customers(context.world, [known.tenant.name, known.email]), equal_to((1, 1)))
