"""Operators see every run and where its time went."""

from hamcrest import all_of, contains_string, equal_to, greater_than, has_entries, has_length, less_than

from support.agent_execution import run_tracking
from support.agent_execution.run_matchers import accounts_for_its_duration
from support.run.sentences import given, then, when
from support.scenario import held_runs


@when("{customer:User} starts {agent:Agent} that has to wait")
def _(world, customer, agent):
    run = world.running(customer, agent.wire)
    world.recall("states", dict)[run.run_id] = "queued"


@given("every place to work is taken by a run of {customer:User} that waits for the partner")
def _(world, customer):
    taken = held_runs.every_place_taken(world, customer)
    world.facts.setdefault("states", {}).update({run.run_id: "running" for run in taken})


@then("the operator sees {customer:Owner} runs in these states")
def _(world, customer, table):
    expected = world.recall("states", dict)
    seen = {run["id"]: run["status"] for run in run_tracking.runs_of(world, customer)}
    world.expect(seen, has_entries(expected))
    world.expect(set(expected.values()), equal_to({row["state"].replace(" ", "_") for row in table}))


@then("the operator sees the durations of its steps add up to the run's")
def _(world):
    run = world.last_run
    seen = run_tracking.run_seen(world, run)
    world.expect(seen, accounts_for_its_duration())


@then("the operator sees the second spent on the partner's price list")
def _(world):
    steps = run_tracking.run_seen(world, world.last_run)["steps"]
    long = [step["name"] for step in steps if step["duration_seconds"] >= 1.0]
    world.expect(long, has_length(1))
    world.expect(long[0], contains_string("read_prices"))


@then("the run took no longer than {customer:User} waited for it")
def _(world, customer):
    run = world.run_of(customer)
    seen = run_tracking.run_seen(world, run)
    waited = world.ends_seen[run.run_id] - run.asked_at
    world.expect(seen["duration_seconds"], all_of(greater_than(0), less_than(waited)))
