"""A dropped connection loses nothing."""

from itertools import pairwise

from hamcrest import equal_to, greater_than, greater_than_or_equal_to, has_length, is_not

from support.matchers.story import has_no_gap, tells_a_complete_story
from support.run.sentences import given, then, when
from support.scenario import received_events
from support.websocket_events import connections


@given("{viewer:User} watches a running cost analysis")
def _(world, viewer):
    connections.running_analysis(world, viewer)


@given("{viewer:User} watches over a {bad:SlowNetwork} line")
def _(world, viewer, bad):
    connections.over_a_slow_network(world, viewer, bad)


@given("{viewer:User} watched and has left")
def _(world, viewer):
    world.watch(viewer)
    connections.leave(world, viewer)


@given("more has happened since than the platform keeps")
def _(world):
    connections.more_than_kept(world, next(iter(world.users)))


@given("{viewer:User} has left, the event store has lost its data and as much has happened again")
def _(world, viewer):
    connections.lose_data_while_away(world, viewer)


@when("{viewer:Owner} connection is reset, the run ends and {again:User} reconnects")
def _(world, viewer, again):
    connections.reset_and_return(world, viewer)


@when("{viewer:Owner} line goes dead after its heartbeat was heard")
def _(world, viewer):
    connections.go_dead(world, viewer)


@given("{viewer:Owner} line has gone dead and the run has ended")
def _(world, viewer):
    connections.lose_link(world, viewer)


@when("{viewer:User} reconnects over a line that works")
def _(world, viewer):
    connections.heal(world, viewer)


@when("{viewer:User} reconnects")
def _(world, viewer):
    connections.return_to(world, viewer)


@when("the event store crashes and comes back empty")
def _(world):
    world.breaks_stories("the event store loses its data")
    world.faults.lose_data()


@then("{viewer:User} notices in time that the line is dead")
def _(world, viewer):
    heard = viewer.watching.heartbeats
    world.expect(heard, has_length(greater_than_or_equal_to(2)), "heartbeats while the line was well")
    silence = 2 * max(later - earlier for earlier, later in pairwise(heard))
    world.eventually(lambda: viewer.watching.silent_for, greater_than(silence), "dead line noticed")


@then("{viewer:User} is told once that something was missed")
def _(world, viewer):
    capture = viewer.watching
    told = world.eventually(lambda: connections.resyncs(capture), has_length(1), "reconnect", "the word of a gap")
    world.expect(told[0].epoch, is_not(equal_to(capture.controls[0].epoch)), "the stream's epoch")
    connections.return_to(world, viewer)
    # Whatever is told at the opening comes before the next event.
    received_events.to_the_end(world, capture, world.running(viewer, "usage_report"))
    world.expect(connections.resyncs(capture), has_length(1), "told after reconnecting once more")


@then("{customer:Owner} next run is shown without a gap")
def _(world, customer):
    capture, run = customer.watching, world.running(customer, "usage_report")
    after = capture.controls[-1].sequence
    received_events.to_the_end(world, capture, run)
    world.expect(capture, tells_a_complete_story(of=run))
    newest = [event for event in capture.events if event.connection == capture.connections]
    world.expect(newest, has_no_gap(after=after))


@then("nothing that {viewer:User} received is missing or doubled")
def _(world, viewer):
    world.expect(viewer.watching, has_no_gap(after=viewer.watching.first_sequence))
    shown = {event.connection for event in viewer.events}
    world.expect(shown, equal_to(set(range(1, viewer.watching.connections + 1))), "connections with events")


@then("the events came as late as the line is {bad:SlowNetwork}")
def _(world, bad):
    slowest = max(event.delay for event in world.last_run.user.events)
    world.expect(slowest, greater_than_or_equal_to(bad.felt), "seconds")
