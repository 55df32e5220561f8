"""Each run reports what it used."""

from hamcrest import all_of, equal_to, greater_than_or_equal_to, has_entries, less_than

from support.agent_execution import usage_metering
from support.agent_execution.run_matchers import each_uses_times_as_much_as, uses_times_as_much_as
from support.run.sentences import given, then, when

TIMED = "cpu_seconds"


RESOURCES = {"computing time": TIMED, "data read": "bytes_read", "working state": "peak_state_bytes"}


@given("{customer:User} has finished {agent:Agent} twice")
def _(world, customer, agent):
    for _time in range(2):
        world.ended(world.running(customer, agent.wire))


@when("{customers:Users} run {agent:Agent} in turn, again and again")
def _(world, customers, agent):
    usage_metering.run_in_turn(world, customers, agent.wire)


@then("{more:Owner} runs used between {low:g} and {high:g} times as much as {less:Owner} of")
def _(world, more, low, high, less, table):
    resources = [RESOURCES[row["resource"]] for row in table]
    used, others = (usage_metering.usages(world, customer) for customer in (more, less))
    timed = [resource for resource in resources if resource == TIMED]
    counted = [resource for resource in resources if resource != TIMED]
    world.expect(used, each_uses_times_as_much_as(others, counted, low, high))
    world.expect(used, uses_times_as_much_as(others, timed, low, high))


@then("{customer:Owner} last run used as much as the least of those before, within these bounds, of")
def _(world, customer, table):
    *before, last = usage_metering.usages(world, customer)
    for row in table:
        low, high = float(row["times at least"]), float(row["times at most"])
        world.expect([last], uses_times_as_much_as(before, [RESOURCES[row["resource"]]], low, high))


@then("the run reports the second as elapsed, but not as computing time")
def _(world):
    usage = world.ended(world.last_run)["usage"]
    waited, computed = greater_than_or_equal_to(1.0), all_of(less_than(1.0), less_than(usage["wall_seconds"] / 2))
    world.expect(usage, has_entries(wall_seconds=waited, cpu_seconds=computed))


@then("the run reports {count:d} tool calls")
def _(world, count):
    usage = world.ended(world.last_run)["usage"]
    world.expect(usage["tool_calls"], equal_to(count))
