"""A change that a customer asks for, and how often it was made."""

from support.database_management import changes
from support.matchers.faultless import is_just
from support.matchers.outcomes import succeeds
from support.run.sentences import then


@then("{customer:Owner} request succeeds")
def _(world, customer):
    world.expect(world.last_outcome, succeeds(), str(customer))


@then("{customer:Owner} {change:Change} was made exactly once")
def _(world, customer, change):
    world.expect(changes.made(world, change), is_just(change.expected(1)), str(customer))
