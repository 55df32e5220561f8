"""Which instances of a service run."""

from support.platform.components import Component
from support.run.sentences import given, then
from support.service_coordination import service_discovery


@given("two tools instances are running")
def _(world):
    service_discovery.run_two(world)


@given("two backends are running")
def _(world):
    world.faults.start_spare(Component.SPARE_API)


@then("{customer:Owner} next job runs on {instances:Instances}")
def _(world, customer, instances):
    service_discovery.expect_next_job(world, customer, instances)
