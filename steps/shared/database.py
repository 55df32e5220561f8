"""What the services hold in the database."""

from support.database_management import ended_sessions, resources
from support.matchers.outcomes import all_succeed
from support.run.sentences import given, then


@given("the resources that every service holds are recorded")
def _(world):
    resources.keep(world)


@then("no service holds more resources than before")
def _(world):
    resources.expect_given_back(world)


@then("the API can use every database connection for {customer:User} again")
def _(world, customer):
    world.expect(ended_sessions.use_whole_pool(world, customer), all_succeed())
