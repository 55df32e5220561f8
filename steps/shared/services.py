"""Which instances of a service run."""

from support.matchers.faultless import is_just
from support.platform.components import Component
from support.run.sentences import given, then, when
from support.scenario import services
from support.service_coordination import service_discovery
from support.service_coordination.service_discovery import Processes


@given("two tools instances work for {customer:User}")
def _(world, customer):
    service_discovery.run_two(world, customer)


@given("two backends are running")
def _(world):
    world.faults.start_spare(Component.SPARE_API)


@then("{customer:Owner} next job runs on {instances:Instances}")
def _(world, customer, instances):
    service_discovery.expect_next_job(world, customer, instances)


@when("the second tools instance {event:InstanceEvent}")
def _(world, event):
    event(world)


@then("every service is ready again in time")
def _(world):
    nobody: list[str] = []
    world.eventually(lambda: services.unready(world), is_just(nobody), "health turns", "services that are not ready")


@then("no other service was restarted")
def _(world):
    world.expect(world.faults.processes(), is_just(world.kept(Processes).ids, "the same processes as before"))
