"""Which instances of a service run."""

from support.run.sentences import given
from support.service_coordination import service_discovery


@given("two tools instances are running")
def _(world):
    service_discovery.run_two(world)
