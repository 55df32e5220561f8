"""Runs as they are stored, for customers and operators."""

from behave import then
from hamcrest import all_of, contains_string, equal_to, greater_than, has_entries, has_length, has_property, less_than

from support import operators_view
from support.checks.accounts import accounts_for_its_duration


@then("the run is stored as {status:Status}")
def _(context, status):
    context.world.expect(context.world.ended(context.world.last_run)["status"], equal_to(status))


@then("the run is stored as {status:Status} in time")
def _(context, status):
    context.world.eventually(
        lambda: context.world.stored(context.world.last_run)["status"], equal_to(status), "worker lost"
    )


@then("{customer:Owner} run ends in time all the same")
def _(context, customer):
    context.world.eventually(
        lambda: context.world.stored(context.world.run_of(customer))["status"],
        equal_to("completed"),
        "run behind hanging runs",
    )


@then("{customer:Owner} run ends with its result")
def _(context, customer):
    context.world.expect(context.world.ended(context.world.run_of(customer))["status"], equal_to("completed"))


@then("{customer:User} can finish {agent:Agent}")
def _(context, customer, agent):
    run = context.world.start_run(customer, agent.wire)
    context.world.expect(context.world.last_outcome, has_property("done", True))
    context.world.expect(context.world.ended(run)["status"], equal_to("completed"))


@then("{customer:Owner} run failed because of the agent")
def _(context, customer):
    stored = context.world.ended(context.world.run_of(customer))
    context.world.expect(stored, has_entries(status=equal_to("failed"), error=has_entries(code="agent_failed")))


@then("the run reads as it did before")
def _(context):
    run = context.world.last_run
    now = context.world.platform.run(run.user, run.run_id)
    context.world.expect(now.body, equal_to(context.world.facts["run before"]))


@then("the operator sees {customer:Owner} runs in these states")
def _(context, customer):
    expected = context.world.recall("states", dict)
    seen = {run["id"]: run["status"] for run in operators_view.runs_of(context.world, customer)}
    context.world.expect(seen, has_entries(expected))
    context.world.expect(set(expected.values()), equal_to({row["state"].replace(" ", "_") for row in context.table}))


@then("the operator sees the durations of its steps add up to the run's")
def _(context):
    run = context.world.last_run
    seen = operators_view.run_seen(context.world, run)
    context.world.expect(seen, accounts_for_its_duration())


@then("the operator sees the second spent on the partner's price list")
def _(context):
    steps = operators_view.run_seen(context.world, context.world.last_run)["steps"]
    long = [step["name"] for step in steps if step["duration_seconds"] >= 1.0]
    context.world.expect(long, has_length(1))
    context.world.expect(long[0], contains_string("read_prices"))


@then("the run took no longer than {customer:User} waited for it")
def _(context, customer):
    run = context.world.run_of(customer)
    seen = operators_view.run_seen(context.world, run)
    waited = context.world.recall("end seen at", float) - run.asked_at
    context.world.expect(seen["duration_seconds"], all_of(greater_than(0), less_than(waited)))
