"""Starting an unknown agent is refused and costs nothing."""

from hamcrest import contains_inanyorder, greater_than, has_length

from support.agent_execution.unknown_agents import CountedBefore
from support.matchers.faultless import is_just
from support.matchers.problems import is_refused_with
from support.run.sentences import then
from support.stores import job_records


@then("the error names every known agent")
def _(world):
    customer = next(iter(world.users))
    known = [agent.name for agent in world.platform.agents(customer).require().items]
    world.expect(known, has_length(greater_than(0)), "the agents that the platform lists")
    world.expect(world.last_outcome, is_refused_with("unknown_agent"))
    world.expect(world.last_outcome.problem.extra.get("known_agents", ()), contains_inanyorder(*known))


@then("{customer:User} has no run and no conversation")
def _(world, customer):
    runs, threads = world.platform.runs(customer), world.platform.threads(customer)
    stored = {"runs": runs.require().items, "threads": threads.require().items}
    world.expect(stored, is_just({"runs": [], "threads": []}))


@then("only {customer:Owner} next run is counted against the allowance")
def _(world, customer):
    run = world.running(customer, "usage_report")
    world.ended(run)
    world.expect(job_records.counted(world, customer), is_just(world.kept(CountedBefore).and_the_job(run)))
