"""A few database connections serve many users."""

from hamcrest import greater_than

from support.database_management import pool_load
from support.database_management.pool_load import PoolLoad
from support.run.sentences import given, then, when


@given("the pool has twenty connections")
def _(world):
    pool_load.set_size(world)


@when("every user makes twenty requests at the same time")
def _(world):
    world.keep(pool_load.ask_together(world))


@then("every request succeeds or is refused as expected")
def _(world):
    world.expect(world.kept(PoolLoad).answers, pool_load.are_as_expected())


@then("more than 95 % of all requests reuse a connection")
def _(world):
    load = world.kept(PoolLoad)
    world.expect(load.reuse, greater_than(0.95), f"reuse: {load.begun} sessions begun, {len(load.answers)} requests")


@then("at least 95 % of all requests get a connection within the target time for {budget:Budget}")
def _(world, budget):
    waits = world.kept(PoolLoad).waits
    world.within(budget, pool_load.percentile_of(waits, 0.95), f"p95 of the waits {dict(waits)}")
