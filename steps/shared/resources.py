"""Sentences of several features: resources."""

from hamcrest import equal_to, is_not

from support.api import access, owned_resources
from support.matchers.responses import are_all_open
from support.run.sentences import given, then


@given("{customer:User} is {plan:Plan} customer who owns one of everything")
def _(world, customer, plan):
    world.users.settle(customer, plan)
    world.facts[access.OWNED] = owned_resources.one_of_everything(world, customer)


@then("nothing of {customer:Owner} has changed")
def _(world, customer):
    before = world.recall(access.STORED, dict)
    world.expect(owned_resources.stored_of(world, customer.tenant), equal_to(before))


@then("{customer:Owner} own token opens every door that is there for owners")
def _(world, customer):
    before = owned_resources.stored_of(world, customer.tenant)
    world.expect(access.as_owner(world), are_all_open())
    world.expect(owned_resources.stored_of(world, customer.tenant), is_not(equal_to(before)))
