"""Nobody receives another customer's events."""

from hamcrest import equal_to, greater_than_or_equal_to, has_length, not_none

from support.matchers.story import tells_a_complete_story
from support.run.sentences import given, then, when
from support.scenario import received_events, sessions


@given("{viewer:User} watches in two tabs")
def _(world, viewer):
    for _ in range(2):
        world.watch(viewer)


@given("every customer watches in two tabs")
def _(world):
    for viewer in [*world.users, *world.users]:
        world.watch(viewer)


@given("{viewer:User} watches on another device")
def _(world, viewer):
    sessions.on_another_device(world, viewer)


@given("{viewer:User} watches with a token that expires soon")
def _(world, viewer):
    sessions.watch_until_expiry(world, viewer)


@when("the token expires")
def _(world):
    world.recall("short session", sessions.ShortSession).wait_out()


@when("{customer:User} connects from {place:Place}")
def _(world, customer, place):
    sessions.connect_from(world, customer, place)


@then("{customer:User} is let in")
def _(world, customer):
    world.expect(customer.watching.handshake.status, equal_to(101), str(customer.watching.handshake))
    world.eventually(lambda: len(customer.watching.controls), equal_to(1), "reconnect", "the stream's opening")


@when("{stranger:Stranger} tries to watch {customer:Owner} events")
def _(world, stranger, customer):
    world.facts["attempt"] = sessions.tries_to_watch(world, stranger, customer)


@then("the stranger is refused")
def _(world):
    attempt = world.recall("attempt", sessions.Attempt)
    status = attempt.capture.handshake.status
    answer = status and world.platform.dialect.meaning(status)
    world.expect(answer, equal_to(attempt.stranger.refusal), str(attempt.capture.handshake))


@then("{viewer:User} hears of the next run, and the stranger of nothing")
def _(world, viewer):
    run = world.running(viewer, "usage_report")
    received_events.to_the_end(world, viewer.watching, run)
    world.expect(world.recall("attempt", sessions.Attempt).capture.raw, has_length(0))


@when("{customer:User} logs out in the first tab")
def _(world, customer):
    sessions.log_out(world, customer)


@when("{owner:User} removes {colleague:User} from the organisation")
def _(world, owner, colleague):
    world.platform.remove_member(owner, colleague.id).require()


@then("{viewer:Owner} connection is closed in time because {reason:Closing}")
def _(world, viewer, reason):
    closed = world.eventually(
        lambda: viewer.watching.closed,
        not_none(),
        "session end closes sockets",
        f"the closing of {viewer}'s connection",
    )
    world.expect(world.platform.dialect.closing(closed.code), equal_to(reason), str(closed))


@then("both tabs are closed in time because {reason:Closing}")
def _(world, reason):
    tabs = next(iter(world.users)).captures[:2]
    world.eventually(lambda: [tab.is_open for tab in tabs], equal_to([False] * 2), "session end closes sockets")
    reasons = [world.platform.dialect.closing(tab.closed.code) for tab in tabs]
    world.expect(reasons, equal_to([reason] * 2))


@then("it was not closed before the token expired")
def _(world):
    viewer = next(iter(world.users))
    earliest = world.recall("short session", sessions.ShortSession).earliest
    world.expect(viewer.watching.closed.at, greater_than_or_equal_to(earliest))


@then("the other device shows {customer:Owner} next run")
def _(world, customer):
    run = world.running(customer, "usage_report")
    shown = received_events.to_the_end(world, customer.captures[-1], run)
    world.expect(shown, tells_a_complete_story(of=run))
