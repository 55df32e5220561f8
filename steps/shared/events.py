"""Sentences of several features: events."""

from hamcrest import equal_to, greater_than_or_equal_to

from support.load.populations import delays
from support.matchers.problems import is_fit_for_a_customer
from support.matchers.story import tells_a_complete_story
from support.matchers.timing import percentile
from support.run.sentences import then, when
from support.scenario import agents, received_events, watching
from support.websocket_events import notices


@then("the platform gives the dead connection up in time")
def _(world):
    dead = world.recall("dead line", watching.DeadLine)
    took = watching.given_up_after(world, dead)
    world.within("dead connection given up", took, "from the loss of the line until it is given up")


@when("all of them are at work on a cost analysis at the same moment")
def _(world):
    watching.all_at_work(world, world.users.customers)


@then("nearly all events have arrived within the {budget:Budget} budget")
def _(world, budget):
    late = delays(world)
    world.expect(len(late), greater_than_or_equal_to(20), "events measured")
    world.within(budget, percentile(late, 0.95), f"p95 of {len(late)} deliveries")


@when("{customer:User} runs an agent whose tool is not ready")
def _(world, customer):
    world.ended(world.running(customer, agents.PROBE, input=agents.with_failing_tool("Not ready yet.")))


@then("{viewer:User} is told that {failure:Failure}, and that {retry:Retry}")
def _(world, viewer, failure, retry):
    run = world.run_of(viewer)
    end = received_events.to_the_end(world, viewer.watching, run).of(run)[-1]
    told = {"type": end.type, "code": end.payload.get("code"), "recoverable": end.payload.get("recoverable")}
    world.expect(told, equal_to({"type": "agent_error", "code": failure.code, "recoverable": retry.helps}))


@when("the operator sends a notice to everyone")
def _(world):
    notices.send(world, world.users.operator)


@then("{viewer:User} has received the complete story of the run")
def _(world, viewer):
    run = world.run_of(viewer)
    shown = received_events.to_the_end(world, viewer.watching, run)
    world.expect(shown, tells_a_complete_story(of=run))


@then("the reason that {viewer:User} reads and hears is fit for a customer")
def _(world, viewer):
    run = world.run_of(viewer)
    told = viewer.watching.wait_for("agent_error", run=run, within=world.budgets.limit("run ends"))
    for reason in (world.ended(run)["error"]["message"], told.payload["message"], told.raw):
        world.expect(reason, is_fit_for_a_customer())


@then("the first thing {viewer:User} hears of is the next run")
def _(world, viewer):
    run = world.running(viewer, "usage_report")
    received_events.to_the_end(world, viewer.watching, run)
    first = viewer.events[0]
    world.expect((first.run_id, first.sequence), equal_to((run.run_id, viewer.watching.first_sequence + 1)))
