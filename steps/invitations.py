"""Somebody comes with an invitation that is of no use any more."""

from behave import then, when
from hamcrest import equal_to

from support import invitations
from support.checks.problems import is_refused_with


@when("{person:User} accepts an invitation that {spent:Spent}")
def _(context, person, spent):
    invitations.come_with(context.world, person, spent)


@then("{person:User} is told that the invitation {spent:Spent}")
def _(context, person, spent):
    context.world.expect(context.world.last_outcome, is_refused_with(spent.code))


@then("nobody has joined {customer:User} by it")
def _(context, customer):
    before = context.world.recall(invitations.MEMBERS, list)
    context.world.expect(invitations.members(context.world, customer), equal_to(before))
