"""Services discover new and lost instances."""

from hamcrest import equal_to

from support.matchers.faultless import is_just
from support.run.sentences import then, when
from support.service_coordination import service_discovery
from support.service_coordination.service_discovery import FoundInstances


@then("the operator finds {instances:Instances} in time")
def _(world, instances):
    service_discovery.expect_found(world, instances)


@then("the operator immediately finds {instances:Instances}")
def _(world, instances):
    world.expect(service_discovery.found_by_operator(world), is_just(instances.names(world)))


@when("nobody has any work for them for a while")
def _(world):
    world.keep(service_discovery.idle(world))


@when("no instance can reach the register for a while")
def _(world):
    service_discovery.cut_off_register(world)


@then("the operator has always found {instances:Instances}")
def _(world, instances):
    expected = frozenset({tuple(sorted(instances.names(world)))})
    world.expect(world.kept(FoundInstances).lists, equal_to(expected))
