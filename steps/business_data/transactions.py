"""A change is made completely or not at all."""

from support.api import tokens
from support.business_data import transactions
from support.business_data.transactions import Interruption
from support.matchers.faultless import is_just
from support.matchers.outcomes import succeeds
from support.matchers.problems import is_refused_with
from support.run.sentences import given, then, when


@given("a lost database connection has interrupted {customer:Owner} {interrupt:Interrupted}")
def _(world, customer, interrupt):
    interrupt(world, customer).require()


@when("a lost database connection interrupts {customer:Owner} {interrupt:Interrupted}")
def _(world, customer, interrupt):
    world.keep(interrupt(world, customer))


@when("{customer:User} books the expense again")
def _(world, customer):
    world.outcome = transactions.book_again(world, customer)


@when("{customer:User} renews the session again")
def _(world, customer):
    world.outcome = tokens.renew(world, customer)


@then("{customer:User} sees no part of the change {phases:InterruptionPhases}")
def _(world, customer, phases):
    interruption = world.kept(Interruption)
    for phase in phases:
        world.expect(getattr(interruption, phase), is_just(interruption.before), f"{phase} the interruption")


@then("{customer:User} is asked to try again")
def _(world, customer):
    world.expect(world.kept(Interruption).response, is_refused_with("unavailable"))


@then("{customer:User} has exactly one {thing:ExactlyOne}")
def _(world, customer, thing):
    world.expect(world.last_outcome, succeeds())
    world.expect(thing.look(world, customer), is_just(thing.expected))
