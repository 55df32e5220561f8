"""What the services hold in the database."""

from support.database_management import ended_sessions, resources
from support.matchers.outcomes import all_succeed
from support.run.sentences import given, then


@given("what every service holds is known")
def _(world):
    resources.keep(world)


@then("no service holds more than before")
def _(world):
    resources.expect_given_back(world)


@then("every database connection of the API can be used again by {customer:User}")
def _(world, customer):
    world.expect(ended_sessions.use_whole_pool(world, customer), all_succeed())
