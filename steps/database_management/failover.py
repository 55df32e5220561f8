"""Losing the primary database costs no confirmed change."""

from support.database_management import failover
from support.matchers.faultless import is_just
from support.matchers.outcomes import all_succeed
from support.run.sentences import then, when
from support.scenario import agents, sessions, work


@when("the primary database {loss:DatabaseLoss} while everybody writes, and the replica takes its place")
def _(world, loss):
    failover.lose_primary(world, loss)


@then("everybody can write again in time")
def _(world):
    failover.expect_writing(world)


@then("everybody can log in again")
def _(world):
    world.expect([sessions.log_in(world, customer) for customer in world.users.customers], all_succeed())


@then("everybody's next run completes")
def _(world):
    left = work.unfinished(world, world.users.customers, work.probe(agents.talkative(1)))
    world.expect(left, is_just([], "everybody's run completes"))


@then("everybody finds each confirmed change once, and no refused one")
def _(world):
    failover.expect_every_confirmed_change(world)
