"""Order holds under load."""

from hamcrest import equal_to, only_contains

from support.load import populations
from support.run.sentences import then, when
from support.scenario import received_events
from support.websocket_events import connections


@when("two agents of each customer together emit a thousand events at full speed")
def _(world):
    populations.at_once(world.users.customers, lambda user: populations.emit_together(world, user))


@when("{viewer:Owner} connection reads on")
def _(world, viewer):
    connections.own_link(viewer).clear()


@when("{viewer:Owner} connection reads on while two agents emit a thousand events at full speed")
def _(world, viewer):
    # Not fewer where the run is a small one: they have to go on while the connection catches up.
    populations.emit_together(world, viewer, populations.SIZES["full"].events)
    connections.own_link(viewer).clear()


@then("every connection has received a thousand events")
def _(world):
    counts = [len(heard.events) for heard in received_events.of_everybody(world)]
    world.expect(counts, only_contains(equal_to(populations.size(world).events)), "events of each connection")
