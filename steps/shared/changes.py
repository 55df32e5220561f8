"""A change that a customer asks for, and how often it was made."""

from support.database_management import changes
from support.matchers.faultless import is_just
from support.matchers.outcomes import succeeds
from support.matchers.problems import is_refused_with
from support.run.sentences import then


@then("{customer:Owner} request succeeds")
def _(world, customer):
    world.expect(world.last_outcome, succeeds(), str(customer))


@then("{customer:Owner} request is refused because {code:DatabaseReason}")
def _(world, customer, code):
    world.expect(world.last_outcome, is_refused_with(code), str(customer))


@then("{customer:Owner} {change:Change} {times:Made}")
def _(world, customer, change, times):
    world.expect(changes.made(world, change), is_just(change.expected(times)), str(customer))
