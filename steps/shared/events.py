"""What customers receive over their live connections."""

from hamcrest import equal_to, greater_than_or_equal_to

from support.load import populations
from support.matchers.problems import is_fit_for_a_customer
from support.matchers.received_events import are_each_their_own
from support.matchers.story import tells_a_complete_story
from support.matchers.timing import percentile
from support.run.sentences import given, then, when
from support.scenario import received_events
from support.websocket_events import connections, dropped_connections, notices


@given("{viewer:User} watches events")
def _(world, viewer):
    world.watch(world.users.settle(viewer))


@given("every user watches events")
@when("every user watches events")
def _(world):
    populations.everybody_watches(world)


@given("{viewer:User} has disconnected and missed {missed:Missed}")
def _(world, viewer, missed):
    dropped_connections.disconnect(world, viewer)
    missed(world, viewer)


@when("{viewer:User} reconnects")
def _(world, viewer):
    dropped_connections.reconnect(world, viewer)


@then("{viewer:User} has received every event of the run in order, each once")
def _(world, viewer):
    run = world.run_of(viewer)
    shown = received_events.to_the_end(world, viewer.watching, run)
    world.expect(shown, tells_a_complete_story(of=run))


@then("every connection has received all events of its own user's runs in order, and nothing else")
@then("every other connection has received all events of its own user's runs in order, and nothing else")
def _(world):
    received = received_events.of_everybody(world)
    world.expect(received, are_each_their_own(at_least=populations.connections(world)))


@then("the first event that {viewer:User} receives is from the next run")
def _(world, viewer):
    run = world.running(viewer, "usage_report")
    received_events.to_the_end(world, viewer.watching, run)
    world.expect(received_events.first(viewer), equal_to(received_events.expected_first(world, viewer, run)))


@then("{viewer:User} is notified that {failure:Failure} and that {retry:Retry}")
def _(world, viewer, failure, retry):
    run = world.run_of(viewer)
    end = received_events.to_the_end(world, viewer.watching, run).of(run)[-1]
    told = {"type": end.type, "code": end.payload.get("code"), "recoverable": end.payload.get("recoverable")}
    world.expect(told, equal_to({"type": "agent_error", "code": failure.code, "recoverable": retry.helps}))


@then("the stored error and the error event of {viewer:Owner} run show no internal details")
def _(world, viewer):
    run = world.run_of(viewer)
    told = viewer.watching.wait_for("agent_error", run=run, within=world.budgets.limit("run ends"))
    for reason in (world.ended(run).error.message, told.payload["message"], told.raw):
        world.expect(reason, is_fit_for_a_customer())


@then("at least 95 % of all events arrive within the target time for {budget:Budget}")
def _(world, budget):
    late = received_events.delays(world)
    world.expect(len(late), greater_than_or_equal_to(20), "events measured")
    world.within(budget, percentile(late, 0.95), f"p95 of {len(late)} deliveries")


@then("the platform closes {viewer:Owner} connection in time")
def _(world, viewer):
    dropped = world.kept(connections.DroppedConnection)
    took = connections.seconds_until_closed(world, dropped)
    world.within("dropped connection closed", took, "from the drop until the platform closes it")


@when("the operator sends a notice to everyone")
def _(world):
    notices.send(world, world.users.operator)
