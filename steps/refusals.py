"""Requests that the platform refuses."""

from behave import then
from hamcrest import any_of, contains_inanyorder, equal_to, has_entries, has_length

from support import ledgers
from support.checks.problems import is_indistinguishable_from, is_refused_with

# Of a run, and so of what two cancellations tell of it: between them it may have come to its end.
_CHANGED_BY_CANCELLING = frozenset(
    ["status", "input", "steps", "progress", "usage", "finished_at", "duration_seconds", "cancel_requested_at"]
)


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
    first, second = context.world.recall("cancellations", list)
    context.world.expect((second.done, second.status), equal_to((True, first.status)), str(second))
    told = first.require()
    same = {name: value for name, value in told.items() if name not in _CHANGED_BY_CANCELLING}
    context.world.expect(second.body, has_entries({**same, "status": any_of(told["status"], "cancelled")}))
