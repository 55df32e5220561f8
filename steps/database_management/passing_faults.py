"""Temporary faults of the database are retried."""

from support.database_management import changes, passing_faults
from support.run.sentences import then, when
from support.stores.failing import FailingWrites


@when("{fault:DatabaseFault} interrupts {customer:Owner} {change:Change} {times:Times}")
def _(world, customer, change, fault, times):
    world.outcome = passing_faults.interrupt(world, customer, change, fault, times)


@when("the connection is lost {lose:CommitMoment} the commit of {customer:Owner} {change:Change}")
def _(world, customer, change, lose):
    about = changes.about(world, customer, change)
    world.outcome = lose(world, about, about.ask)


@when("the database refuses every connection for a moment as {customer:Owner} {change:Change} is requested")
def _(world, customer, change):
    world.outcome = passing_faults.refuse_for_a_moment(world, customer, change)


@then("the platform has made {number:Attempts}")
def _(world, number):
    world.expect(world.kept(FailingWrites).attempts(), passing_faults.makes_attempts(number))
