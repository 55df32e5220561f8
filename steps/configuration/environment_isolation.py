"""Environments cannot reach into each other."""

from support.configuration import isolation, rehearsals
from support.run.sentences import given, then, when


@given("the development environment runs beside the deployed one")
def _(world):
    rehearsals.start(world, rehearsals.prepare(world, "development"), "auth service")


@given("a candidate of the development environment that uses the deployed {store:Store}")
def _(world, store):
    rehearsals.with_foreign(world, "development", store)


@given("a candidate of the deployed environment that uses the development database")
def _(world):
    rehearsals.with_foreign_database(world)


@when("the operators of both environments use each other's API")
def _(world):
    world.keep(isolation.visit(world))


@then("each environment accepts its own operator")
def _(world):
    world.expect(world.kept(isolation.Visits).own, isolation.are_accepted())


@then("each environment refuses the other's operator")
def _(world):
    world.expect(world.kept(isolation.Visits).foreign, isolation.are_unauthenticated())
