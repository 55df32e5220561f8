"""All services have the same view of each other."""

from support.configuration import mesh
from support.matchers.faultless import is_just
from support.run.sentences import given, then, when


@when("the operator asks every service for the mesh")
def _(world):
    mesh.views(world)


@when("the cache loses its data and some time passes")
def _(world):
    mesh.lose_data(world)


@when("the analytics service crashes")
def _(world):
    mesh.lose_only_instance(world)


@then("every service has stopped showing the analytics service in time")
def _(world):
    mesh.expect_lost(world)


@then("every service sees it at its new address in time")
def _(world):
    mesh.expect_moved(world)


@given("every service shows every running service")
@then("all views are the same and show every running service in time")
def _(world):
    mesh.expect_all(world)


@then("every address in the mesh answers in time under its health path")
def _(world):
    world.expect(mesh.unanswered(world), is_just([], "an answer from every address"))


@then("every service sees {instances:Instances} in time")
def _(world, instances):
    mesh.expect_tools(world, instances)
