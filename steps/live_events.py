"""What customers' connections have shown."""

from behave import then, when
from hamcrest import equal_to, greater_than_or_equal_to, has_items

from support import agents, hearing, identities, watching
from support.checks.contract import keep_to_the_contract
from support.checks.hearing import each_hears_their_own
from support.checks.identities import carry
from support.checks.story import has_no_gap
from support.checks.timing import percentile
from support.contract import schemas_of_frames
from support.populations import delays


@then("{viewer:User} has received these events")
def _(context, viewer):
    due = [row["event"].replace(" ", "_") for row in context.table]
    seen = context.world.eventually(
        lambda: [event.type for event in viewer.events], has_items(*due), "story complete", "the kinds of events"
    )
    context.world.expect(seen, has_items(*due))


@then("everything that {viewer:User} has received keeps to the published contract")
def _(context, viewer):
    context.world.expect(viewer.watching.raw, keep_to_the_contract(schemas_of_frames()))


@then("every tab has shown the whole story of its own customer's run and nothing else")
def _(context):
    heard = hearing.tabs(context.world)
    context.world.expect(heard, each_hears_their_own(at_least=len(context.world.users)))


@then("nothing that {viewer:User} received is missing or doubled")
def _(context, viewer):
    context.world.expect(viewer.watching, has_no_gap(after=viewer.watching.first_sequence))
    shown = {event.connection for event in viewer.events}
    context.world.expect(shown, equal_to(set(range(1, viewer.watching.connections + 1))), "connections with events")


@when("all of them are at work on a cost analysis at the same moment")
def _(context):
    watching.all_at_work(context.world, context.world.users.customers)


@then("nearly all events have arrived within the {budget:Budget} budget")
def _(context, budget):
    late = delays(context.world)
    context.world.expect(len(late), greater_than_or_equal_to(20), "events measured")
    context.world.within(budget, percentile(late, 0.95), f"p95 of {len(late)} deliveries")


@then("the events came as late as the line is {bad:BadLine}")
def _(context, bad):
    slowest = max(event.delay for event in context.world.last_run.user.events)
    context.world.expect(slowest, greater_than_or_equal_to(bad.felt), "seconds")


@when("{customer:User} runs {agent:Agent} in each of two threads, one after the other")
def _(context, customer, agent):
    identities.in_two_threads(context.world, customer, agent, side_by_side=False)


@when("{customer:User} runs {agent:Agent} in each of two threads, side by side")
def _(context, customer, agent):
    identities.in_two_threads(context.world, customer, agent, side_by_side=True)


@then("every event names these as its own request did")
def _(context):
    for run in context.world.runs:
        hearing.to_the_end(context.world, run.user.watching, run)
    for row in context.table:
        asked = context.world.recall("asked", list)
        context.world.expect(context.world.last_run.user.watching, carry(row["identity"], asked))


@when("{customer:User} runs an agent whose tool is not ready")
def _(context, customer):
    context.world.ended(context.world.running(customer, agents.PROBE, input=agents.with_failing_tool("Not ready yet.")))


@when("{customer:User} runs an agent whose tool has a fault")
def _(context, customer):
    context.world.ended(context.world.running(customer, agents.PROBE, input=agents.with_broken_tool()))


@then("{viewer:User} is told that {failure:Failure}, and that {retry:Retry}")
def _(context, viewer, failure, retry):
    run = context.world.run_of(viewer)
    end = hearing.to_the_end(context.world, viewer.watching, run).of(run)[-1]
    told = {"type": end.type, "code": end.payload.get("code"), "recoverable": end.payload.get("recoverable")}
    context.world.expect(told, equal_to({"type": "agent_error", "code": failure.code, "recoverable": retry.helps}))
