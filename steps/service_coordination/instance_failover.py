"""Jobs survive the loss of a tools instance."""

from support.matchers.faultless import is_just
from support.run.sentences import then, when
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


@when("the {which:Instance} tools instance crashes and {customer:User} runs ten research jobs at once")
def _(world, which, customer):
    instance_failover.run_after_crash(world, customer, which, 10)


@when("the {which:Instance} tools instance crashes and {customer:User} lists the tools at once")
def _(world, which, customer):
    world.keep(instance_failover.list_around_crash(world, customer, which))


@then("{customer:User} receives the same list as before the crash")
def _(world, customer):
    lists = world.kept(instance_failover.ToolLists)
    world.expect(lists.after, is_just(lists.before, "the tools that were listed before"))
