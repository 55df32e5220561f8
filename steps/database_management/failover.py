"""Losing the primary database costs no confirmed change."""

from support.database_management import failover
from support.run.sentences import then, when


@when("the primary database {loss:DatabaseLoss} while everybody writes, and the replica takes its place")
def _(world, loss):
    failover.lose_primary(world, loss)


@then("everybody can write again in time")
def _(world):
    failover.expect_writing(world)


@then("everybody finds each confirmed change once, and no refused one")
def _(world):
    failover.expect_every_confirmed_change(world)
