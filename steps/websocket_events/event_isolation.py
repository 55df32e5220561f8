"""Customers receive only their own events."""

from hamcrest import equal_to, greater_than_or_equal_to, has_length, only_contains

from support.matchers.story import tells_a_complete_story
from support.run.sentences import then, when
from support.scenario import received_events
from support.scenario.sessions import ShortSession
from support.websocket_events import event_isolation
from support.websocket_events.event_isolation import Attempt, OtherDevice


@when("{client:EventClient} connects to {customer:Owner} events")
def _(world, client, customer):
    event_isolation.connect(world, client, customer)


@when("{customer:Owner} token expires")
def _(world, customer):
    world.kept(ShortSession).wait_out()


@when("{customer:User} logs out in one tab")
def _(world, customer):
    event_isolation.log_out(world, customer)


@then("the client is accepted")
def _(world):
    capture = world.kept(Attempt).capture
    world.expect(capture.handshake.accepted, equal_to(True), str(capture.handshake))
    if world.platform.dialect.controls:
        world.eventually(lambda: capture.controls, has_length(1), "reconnect", "the opening of the stream")


@then("the client is refused and receives no event of {customer:Owner} next run")
def _(world, customer):
    attempt = world.kept(Attempt)
    world.expect(attempt.answer, equal_to(attempt.client.refusal), str(attempt.capture.handshake))
    received_events.to_the_end(world, customer.watching, world.running(customer, "usage_report"))
    world.expect(attempt.capture.raw, has_length(0), f"messages to {attempt.client.value}")


@then("{customer:Owner} {connections:Connections} closed in time because {reason:Closing}")
def _(world, customer, connections, reason):
    captures = customer.captures[:connections]
    world.eventually(
        lambda: [capture.is_open for capture in captures], only_contains(False), "session end closes sockets"
    )
    codes = [capture.closed.code for capture in captures]
    world.expect([world.platform.dialect.closing(code) for code in codes], only_contains(reason), f"closed by {codes}")


@then("{customer:Owner} connection was not closed before the token expired")
def _(world, customer):
    world.expect(customer.watching.closed.at, greater_than_or_equal_to(world.kept(ShortSession).earliest))


@then("{customer:Owner} other device shows the next run")
def _(world, customer):
    run = world.running(customer, "usage_report")
    shown = received_events.to_the_end(world, world.kept(OtherDevice).capture, run)
    world.expect(shown, tells_a_complete_story(of=run))
