"""Customers and strangers connect, and connections end."""

from behave import given, then, when
from hamcrest import equal_to, greater_than_or_equal_to, has_length, not_none

from support import hearing, sessions
from support.checks.story import tells_a_complete_story


@given("{viewer:User} watches in two tabs")
def _(context, viewer):
    for _ in range(2):
        context.world.watch(viewer)


@given("{viewer:User} watches in another tab")
def _(context, viewer):
    context.world.watch(viewer)


@given("all of them watch in two tabs")
def _(context):
    for viewer in [*context.world.users, *context.world.users]:
        context.world.watch(viewer)


@given("{viewer:User} watches on another device")
def _(context, viewer):
    sessions.on_another_device(context.world, viewer)


@given("{viewer:User} watches with a token that expires soon")
def _(context, viewer):
    sessions.watch_until_expiry(context.world, viewer)


@when("the token expires")
def _(context):
    context.world.recall("short session", sessions.ShortSession).wait_out()


@when("{customer:User} connects from {place:Place}")
def _(context, customer, place):
    sessions.connect_from(context.world, customer, place)


@then("{customer:User} is let in")
def _(context, customer):
    context.world.expect(customer.watching.handshake.status, equal_to(101), str(customer.watching.handshake))
    context.world.eventually(lambda: len(customer.watching.controls), equal_to(1), "reconnect", "the stream's opening")


@when("{stranger:Stranger} tries to watch {customer:Owner} events")
def _(context, stranger, customer):
    context.world.facts["attempt"] = sessions.tries_to_watch(context.world, stranger, customer)


@then("the stranger is refused")
def _(context):
    attempt = context.world.recall("attempt", sessions.Attempt)
    status = attempt.capture.handshake.status
    answer = status and context.world.platform.dialect.meaning(status)
    context.world.expect(answer, equal_to(attempt.stranger.refusal), str(attempt.capture.handshake))


@then("{viewer:User} hears of the next run, and the stranger of nothing")
def _(context, viewer):
    run = context.world.running(viewer, "usage_report")
    hearing.to_the_end(context.world, viewer.watching, run)
    context.world.expect(context.world.recall("attempt", sessions.Attempt).capture.raw, has_length(0))


@when("{customer:User} logs out in the first tab")
def _(context, customer):
    sessions.log_out(context.world, customer)


@when("{owner:User} removes {colleague:User} from the organisation")
def _(context, owner, colleague):
    context.world.platform.remove_member(owner, colleague.id).require()


@then("{viewer:Owner} connection is closed in time because {reason:Closing}")
def _(context, viewer, reason):
    closed = context.world.eventually(
        lambda: viewer.watching.closed,
        not_none(),
        "session end closes sockets",
        f"the closing of {viewer}'s connection",
    )
    context.world.expect(context.world.platform.dialect.closing(closed.code), equal_to(reason), str(closed))


@then("both tabs are closed in time because {reason:Closing}")
def _(context, reason):
    tabs = next(iter(context.world.users)).captures[:2]
    context.world.eventually(lambda: [tab.is_open for tab in tabs], equal_to([False] * 2), "session end closes sockets")
    reasons = [context.world.platform.dialect.closing(tab.closed.code) for tab in tabs]
    context.world.expect(reasons, equal_to([reason] * 2))


@then("it was not closed before the token expired")
def _(context):
    viewer = next(iter(context.world.users))
    earliest = context.world.recall("short session", sessions.ShortSession).earliest
    context.world.expect(viewer.watching.closed.at, greater_than_or_equal_to(earliest))


@then("the other device shows {customer:Owner} next run")
def _(context, customer):
    run = context.world.running(customer, "usage_report")
    shown = hearing.to_the_end(context.world, customer.captures[-1], run)
    context.world.expect(shown, tells_a_complete_story(of=run))
