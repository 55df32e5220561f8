"""Jobs survive the loss of a tools instance."""

from support.run.sentences import when
from support.service_coordination import instance_failover


@when("the {which:Instance} tools instance crashes while both work on twenty research jobs of {customer:User}")
def _(world, which, customer):
    instance_failover.crash_while_working(world, customer, which, 20)


@when(
    "the {which:Instance} tools instance crashes and comes back while both work on twenty research jobs of "
    "{customer:User}"
)
def _(world, which, customer):
    instance_failover.crash_while_working(world, customer, which, 20, comes_back=True)
