"""Work leaves no resources behind."""

from hamcrest import less_than_or_equal_to

from support.database_management import connections, mixed_operations
from support.database_management.connections import OccupiedPool
from support.run.sentences import given, then, when


@given("the operator has replaced its pool with one of two connections")
def _(world):
    connections.reconfigure(world, lambda draft: draft.change("database pool"))


@then("the API keeps at most two database connections")
def _(world):
    pool = world.kept(OccupiedPool)
    world.eventually(lambda: pool.sessions().open, less_than_or_equal_to(2), "pool metrics", "the API's sessions")


@when("the customers do everything again, a thousand operations in all")
def _(world):
    mixed_operations.operate(world)
