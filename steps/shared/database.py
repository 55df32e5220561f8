"""What the services hold in the database."""

from support.database_management import resources
from support.run.sentences import given, then


@given("what every service holds is known")
def _(world):
    resources.keep(world)


@then("no service holds more than before")
def _(world):
    resources.expect_given_back(world)
