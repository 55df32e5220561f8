"""Asking for an agent that does not exist is refused and costs nothing."""

from hamcrest import contains_inanyorder, equal_to, has_length

from support.matchers.problems import is_refused_with
from support.run.sentences import then, when
from support.stores import job_records


@then("the refusal names every known agent")
def _(world):
    customer = next(iter(world.users))
    known = [agent["name"] for agent in world.platform.agents(customer).require()["items"]]
    world.expect(world.last_outcome, is_refused_with("unknown_agent"))
    world.expect(world.last_outcome.problem.extra["known_agents"], contains_inanyorder(*known))


@then("{customer:User} has no run and no thread")
def _(world, customer):
    stored = [
        *world.platform.runs(customer).require()["items"],
        *world.platform.threads(customer).require()["items"],
    ]
    world.expect(stored, has_length(0))


@then("{customer:Owner} next run is counted and nothing else")
def _(world, customer):
    before = world.recall("counted", dict)
    run = world.running(customer, "usage_report")
    world.ended(run)
    due = {**before, "jobs": [*before["jobs"], run.run_id]}
    world.expect(job_records.counted(world, customer), equal_to(due))


@when("{customer:User} asks for an agent that does not exist")
def _(world, customer):
    world.facts["counted"] = job_records.counted(world, customer)
    world.start_run(customer, "cost_analysys")
