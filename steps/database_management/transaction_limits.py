"""A transaction over a database limit is ended."""

from support.configuration import starts
from support.database_management import transaction_limits
from support.database_management.transaction_limits import Hang, Overrun
from support.run.sentences import given, then, when


@given("the operator has lowered the database limit on {limit:DatabaseLimit}")
def _(world, limit):
    transaction_limits.lower(world, limit)


@when("requests of {customer:User} and the operator to every service exceed the limit on {limit:DatabaseLimit}")
def _(world, customer, limit):
    transaction_limits.exceed(world, customer, limit)


@when("storing {stored:StoredOfRun} of {customer:Owner} run exceeds the limit on {limit:DatabaseLimit}")
def _(world, stored, customer, limit):
    transaction_limits.exceed_in_run(world, customer, stored, limit)


@when("the backend is started with the candidate while something else locks the schema")
def _(world):
    transaction_limits.start_while_locked(world, "backend")


@when("the database hangs for some time")
def _(world):
    transaction_limits.hang(world)


@then("the database has ended every such transaction in time, because of that limit")
def _(world):
    overrun = world.kept(Overrun)
    world.expect(overrun, transaction_limits.ended_by_limit())
    world.within("error after a time limit", max(overrun.seconds - overrun.limit.seconds, 0.0))


@then("sent again, the requests succeed, and nothing is stored twice")
def _(world):
    transaction_limits.expect_repeatable(world)


@then("the start has failed and names that limit")
def _(world):
    world.expect(world.kept(starts.Start).complaint, transaction_limits.names(world.kept(Overrun).limit))


@then("every service has reported the database as unavailable in time")
def _(world):
    world.within("health turns", world.kept(Hang).reported_after)
