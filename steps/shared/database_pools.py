"""Connections of database pools: in use, waited for, and free again."""

from functools import partial

from support.database_management import connections, pool_exhaustion, pool_metrics
from support.run.sentences import given, then, when


@given("the {service:PooledService} has {in_use:PoolConnections} in use")
def _(world, service, in_use):
    connections.occupy(world, service, in_use)


@given("{count:Arrivals}")
@when("{count:Arrivals}")
def _(world, count):
    connections.have_waiting(world, count)


@when("{release:PoolRelease}")
def _(world, release):
    connections.free(world, release)


@when("{requests:FutileRequests} find no free connection")
def _(world, requests):
    pool_exhaustion.ask_in_vain(world, requests)


@then("the pool metrics match the database")
def _(world):
    look = partial(pool_metrics.look, world)
    world.eventually(look, pool_metrics.match_the_database(), "pool metrics", "pool metrics as the database has it")
