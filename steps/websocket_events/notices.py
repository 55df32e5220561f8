"""Maintenance notices reach every connected user."""

from hamcrest import equal_to

from support.matchers.problems import is_refused_with
from support.matchers.story import has_no_gap, has_the_notice
from support.run.sentences import given, then, when
from support.websocket_events import dropped_connections, notices
from support.websocket_events.notices import Notice


@given("{viewer:User} has been connected for some heartbeats")
def _(world, viewer):
    dropped_connections.await_heartbeats(world, viewer, count=3)


@given("the event stream has lost its data, and {viewer:User} has been notified of it")
def _(world, viewer):
    dropped_connections.lose_the_stream(world)
    world.try_to_see(
        lambda: dropped_connections.resyncs(viewer.watching), "reconnect", "a notification of missed events"
    )


@when("{customer:User} tries to send a notice to everyone")
def _(world, customer):
    notices.send(world, customer)


@when("the operator sends a notice whose delivery is interrupted before it is recorded")
def _(world):
    notices.send_interrupted(world)


@then("every connection receives the notice in time")
def _(world):
    notice = world.kept(Notice)
    for capture, received in notices.received(world):
        shown = [received.payload.get(name) for name in ("notice_id", "title", "body")]
        world.expect(shown, equal_to([notice.id, notice.title, notice.body]), capture.name)
        world.expect(received.request_id, equal_to(notice.request_id), capture.name)
        world.within("notice delivery", received.received_at - notice.sent_at, capture.name)


@then("every connection shows the notice once, with no gap to the next run")
def _(world):
    for capture in notices.captures_after_a_run_each(world):
        world.expect(capture, has_the_notice(world.kept(Notice).id), capture.name)
        world.expect(capture, has_no_gap(after=capture.first_sequence), capture.name)


@then("{customer:User} is refused because the operator permission is missing")
def _(world, customer):
    world.expect(world.last_outcome, is_refused_with("permission_denied"))


@then("every connection receives the operator's next notice and no other")
def _(world):
    notices.send(world, world.users.operator)
    for capture, _ in notices.received(world):
        world.expect(capture, has_the_notice(world.kept(Notice).id), capture.name)


@given("{viewer:User} watches events at the second backend")
def _(world, viewer):
    notices.watch_at_second_backend(world, viewer)
