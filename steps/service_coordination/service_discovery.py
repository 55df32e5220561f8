"""Services discover new and lost instances."""

from support.matchers.faultless import is_just
from support.run.sentences import then, when
from support.service_coordination import service_discovery
from support.service_coordination.service_discovery import Processes


@when("the second tools instance {event:InstanceEvent}")
def _(world, event):
    event(world)


@then("the operator finds {instances:Instances} in time")
def _(world, instances):
    service_discovery.expect_found(world, instances)


@then("the operator immediately finds {instances:Instances}")
def _(world, instances):
    world.expect(service_discovery.found_by_operator(world), is_just(instances.names(world)))


@then("{customer:Owner} next job runs on {instances:Instances}")
def _(world, customer, instances):
    service_discovery.expect_next_job(world, customer, instances)


@then("no other service was restarted")
def _(world):
    world.expect(world.faults.processes(), is_just(world.kept(Processes).ids, "the same processes as before"))
