"""Requests that the platform refuses."""

from behave import then
from hamcrest import contains_inanyorder, equal_to, has_length

from support import ledgers
from support.checks.problems import is_indistinguishable_from, is_refused_with


@then("the refusal names every known agent")
def _(context):
    customer = next(iter(context.world.users))
    known = [agent["name"] for agent in context.world.platform.agents(customer).require()["items"]]
    context.world.expect(context.world.last_outcome, is_refused_with("unknown_agent"))
    context.world.expect(context.world.last_outcome.problem.extra["known_agents"], contains_inanyorder(*known))


@then("{customer:User} has no run and no thread")
def _(context, customer):
    stored = [
        *context.world.platform.runs(customer).require()["items"],
        *context.world.platform.threads(customer).require()["items"],
    ]
    context.world.expect(stored, has_length(0))


@then("{customer:Owner} next run is counted and nothing else")
def _(context, customer):
    before = context.world.recall("counted", dict)
    run = context.world.running(customer, "usage_report")
    context.world.ended(run)
    due = {**before, "jobs": [*before["jobs"], run.run_id]}
    context.world.expect(ledgers.counted(context.world, customer), equal_to(due))


@then("each is answered as if the run had never existed")
def _(context):
    for answer, answer_to_nothing in context.world.facts["attempts"]:
        context.world.expect(answer, is_indistinguishable_from(answer_to_nothing))


@then("the second cancellation is accepted like the first")
def _(context):
    context.world.expect(context.world.last_outcome.done, equal_to(True), str(context.world.last_outcome))
