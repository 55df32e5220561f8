"""What a run reports of what it used."""

from behave import then
from hamcrest import all_of, equal_to, greater_than_or_equal_to, has_entries, less_than

from support import metered_runs
from support.checks.accounts import each_uses_times_as_much_as, uses_times_as_much_as

TIMED = "cpu_seconds"
RESOURCES = {"computing time": TIMED, "data read": "bytes_read", "working state": "peak_state_bytes"}


@then("{more:Owner} runs used between {low:g} and {high:g} times as much as {less:Owner} of")
def _(context, more, low, high, less):
    resources = [RESOURCES[row["resource"]] for row in context.table]
    used, others = (metered_runs.usages(context.world, customer) for customer in (more, less))
    timed = [resource for resource in resources if resource == TIMED]
    counted = [resource for resource in resources if resource != TIMED]
    context.world.expect(used, each_uses_times_as_much_as(others, counted, low, high))
    context.world.expect(used, uses_times_as_much_as(others, timed, low, high))


@then("{customer:Owner} last run used as much as the least of those before, within these bounds, of")
def _(context, customer):
    *before, last = metered_runs.usages(context.world, customer)
    for row in context.table:
        low, high = float(row["times at least"]), float(row["times at most"])
        context.world.expect([last], uses_times_as_much_as(before, [RESOURCES[row["resource"]]], low, high))


@then("the run reports the second as elapsed, but not as computing time")
def _(context):
    usage = context.world.ended(context.world.last_run)["usage"]
    waited, computed = greater_than_or_equal_to(1.0), all_of(less_than(1.0), less_than(usage["wall_seconds"] / 2))
    context.world.expect(usage, has_entries(wall_seconds=waited, cpu_seconds=computed))


@then("the run reports {count:d} tool calls")
def _(context, count):
    usage = context.world.ended(context.world.last_run)["usage"]
    context.world.expect(usage["tool_calls"], equal_to(count))
