"""A busy database keeps customers waiting for a moment only."""

from hamcrest import equal_to

from support.api.calls import Calls
from support.database_management import connections, pool_exhaustion
from support.database_management.pool_exhaustion import MostSessions
from support.run.sentences import then, when


@then("the database shows exactly as many connections of the service as are configured")
def _(world):
    world.expect(world.kept(MostSessions).count, equal_to(connections.limit(world)), "most connections at a time")


@then("every response asks the caller to retry")
def _(world):
    world.expect(world.kept(Calls).made, pool_exhaustion.ask_to_retry())


@then("every response arrives within the target time for {budget:Budget}")
def _(world, budget):
    world.within(budget, pool_exhaustion.slowest(world), "the slowest response")


@when("{customers:Users} request a conversation one after another before one connection becomes free")
def _(world, customers):
    pool_exhaustion.create_in_turn(world, customers)


@then("the conversations of {customers:Users} are created in this order")
def _(world, customers):
    expected = [customer.alias for customer in customers]
    world.expect(pool_exhaustion.created_in_order(world, customers), equal_to(expected))


@then("the service can use every connection again")
def _(world):
    pool_exhaustion.expect_all_usable(world)
