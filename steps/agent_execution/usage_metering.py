"""Each run reports what it used."""

from hamcrest import all_of, equal_to, greater_than_or_equal_to, has_entries, less_than

from support.agent_execution import usage_metering
from support.agent_execution.usage_metering import By, Resource, compared, is_between
from support.run.sentences import then, when


@when("{customers:Users} run {work_:Work} in turn, several times each")
def _(world, customers, work_):
    usage_metering.run_in_turn(world, customers, work_)


@when("{customers:Users} run {work_:Work} each, and the cloud answers both at the same time")
def _(world, customers, work_):
    usage_metering.run_at_once(world, customers, work_)


@then("{more:Owner} runs used these multiples of what {less:Owner} used")
def _(world, more, less, table):
    used, others = (usage_metering.usages(world, customer) for customer in (more, less))
    for row in table:
        resource = Resource(row["resource"])
        by = By.MEAN_OF_PAIRS if resource.is_timed else By.EACH_PAIR
        expected = is_between(float(row["at least"]), float(row["at most"]))
        world.expect(compared(resource, used, others, by), expected)


@then("{customer:Owner} last run used these multiples of the lowest figure of the earlier runs")
def _(world, customer, table):
    *earlier, last = usage_metering.usages(world, customer)
    for row in table:
        comparison = compared(Resource(row["resource"]), [last], earlier, By.LEAST)
        world.expect(comparison, is_between(float(row["at least"]), float(row["at most"])))


@then("the run reports the wait as elapsed time, but not as CPU time")
def _(world):
    usage = world.ended(world.last_run).usage
    waited, computed = greater_than_or_equal_to(1.0), all_of(less_than(1.0), less_than(usage["wall_seconds"] / 2))
    world.expect(usage, has_entries(wall_seconds=waited, cpu_seconds=computed))


@then("the run reports {count:d} tool calls")
def _(world, count):
    world.expect(world.ended(world.last_run).usage["tool_calls"], equal_to(count))


@then("the run reports the large document as data read")
def _(world):
    size = world.ended(world.last_run).usage[Resource.DATA_READ.field]
    world.expect(size, greater_than_or_equal_to(usage_metering.LARGE_DOCUMENT))


@then("the run reports the large agent state")
def _(world):
    size = world.ended(world.last_run).usage[Resource.AGENT_STATE.field]
    world.expect(size, greater_than_or_equal_to(usage_metering.LARGE_STATE))
