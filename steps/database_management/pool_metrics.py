"""Operators see how busy the database connections are."""

from support.database_management import pool_metrics
from support.run.sentences import given, then


@given("the pool may open two connections beyond its size")
def _(world):
    pool_metrics.allow_overflow(world)


@then("the pool metrics count every wait with its duration")
def _(world):
    world.expect(pool_metrics.waits(world), pool_metrics.are_all_counted())
