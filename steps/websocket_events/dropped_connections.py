"""A dropped connection loses no events."""

from itertools import pairwise

from hamcrest import equal_to, greater_than, greater_than_or_equal_to, has_length, is_not

from support.matchers.story import has_no_gap, tells_a_complete_story
from support.run.sentences import given, then, when
from support.scenario import received_events
from support.websocket_events import dropped_connections
from support.websocket_events.dropped_connections import resyncs


@given("{viewer:User} watches a running cost analysis")
def _(world, viewer):
    dropped_connections.watch_running_analysis(world, viewer)


@when("{viewer:Owner} connection is {loss:Loss} and {again:User} reconnects after the run")
def _(world, viewer, loss, again):
    dropped_connections.lose_until_the_run_ends(world, viewer, loss)
    dropped_connections.reconnect(world, again)


@when("{viewer:Owner} connection is silently dropped after two heartbeats")
def _(world, viewer):
    dropped_connections.drop_after_heartbeats(world, viewer)


@when("{viewer:Owner} first tab disconnects and reconnects after a usage report")
def _(world, viewer):
    dropped_connections.away_for_a_report(world, viewer)


@when("the event stream crashes and restarts empty")
def _(world):
    dropped_connections.lose_the_stream(world)


@then("{viewer:User} detects the dropped connection in time")
def _(world, viewer):
    heartbeats = viewer.watching.heartbeats
    world.expect(heartbeats, has_length(greater_than_or_equal_to(2)), "heartbeats before the drop")
    silence = 2 * max(later - earlier for earlier, later in pairwise(heartbeats))
    world.eventually(
        lambda: viewer.watching.silent_for, greater_than(silence), "dropped connection detected", "silence"
    )


@then("{viewer:User} is notified once that events were missed")
def _(world, viewer):
    capture = viewer.watching
    notified = world.eventually(lambda: resyncs(capture), has_length(1), "reconnect", "notifications of missed events")
    world.expect(notified[0].epoch, is_not(equal_to(capture.controls[0].epoch)), "the stream's epoch")
    dropped_connections.reconnect(world, viewer)
    # A second notification would come when the stream opens, before the next event.
    received_events.to_the_end(world, capture, world.running(viewer, "usage_report"))
    world.expect(resyncs(capture), has_length(1), "notifications after reconnecting once more")


@then("{viewer:User} receives the next run without a gap")
def _(world, viewer):
    capture, run = viewer.watching, world.running(viewer, "usage_report")
    opened_after = capture.controls[-1].sequence
    received_events.to_the_end(world, capture, run)
    world.expect(capture, tells_a_complete_story(of=run))
    newest = [event for event in capture.events if event.connection == capture.connections]
    world.expect(newest, has_no_gap(after=opened_after), "events of the newest connection")


@then("{viewer:Owner} connections together show no gap and no duplicate")
def _(world, viewer):
    capture = viewer.watching
    world.expect(capture, dropped_connections.without_gaps(world, capture))
    delivering = {event.connection for event in capture.events}
    world.expect(delivering, equal_to(set(range(1, capture.connections + 1))), "connections that delivered events")


@then("at least one event was delayed by {network:SlowNetwork}")
def _(world, network):
    longest = max(event.delay for event in world.last_run.user.events)
    world.expect(longest, greater_than_or_equal_to(network.felt), "the longest delay in seconds")


@when("{viewer:User} reconnects to the second backend")
def _(world, viewer):
    dropped_connections.reconnect_to_second_backend(world, viewer)


@when("{viewer:User} disconnects and reconnects five times during a run of hundreds of events")
def _(world, viewer):
    dropped_connections.reconnect_amid_a_run(world, viewer)
