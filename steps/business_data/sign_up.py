"""A customer who signs up is found again."""

from hamcrest import equal_to

from support.business_data import invitations, sign_up
from support.matchers.problems import is_refused_with
from support.run.sentences import then, when
from support.stores import rows


@when("{customer:User} logs in from elsewhere, with the address in other letters")
def _(world, customer):
    world.outcome = sign_up.log_in_elsewhere(world, customer)


@then("{customer:User} is known there as the customer who signed up")
def _(world, customer):
    world.expect(world.last_outcome.body, sign_up.signed_up(customer))


@then("the records hold {customer:User} once")
def _(world, customer):
    world.expect(rows.accounts(world, customer), equal_to([(customer.id, customer.tenant.id)]))
    world.expect(rows.organisations(world, customer), equal_to(1))


@then("the records hold nothing of {newcomer:User}")
def _(world, newcomer):
    world.expect(rows.organisations(world, newcomer), equal_to(0))
    world.expect(rows.accounts(world, newcomer), equal_to([]))


@when("{newcomer:User} signs up with {customer:Owner} address in other letters")
def _(world, newcomer, customer):
    world.outcome = sign_up.sign_up_under_address_of(world, newcomer, customer)


@then("the sign-up is refused because the address is taken")
def _(world):
    world.expect(world.last_outcome, is_refused_with("conflict"))


@when("{person:User} accepts an invitation that {spent:Spent}")
def _(world, person, spent):
    invitations.come_with(world, person, spent)


@then("{person:User} is told that the invitation {spent:Spent}")
def _(world, person, spent):
    world.expect(world.last_outcome, is_refused_with(spent.code))


@then("nobody has joined {customer:User} by it")
def _(world, customer):
    before = world.recall(invitations.MEMBERS, list)
    world.expect(invitations.members(world, customer), equal_to(before))
