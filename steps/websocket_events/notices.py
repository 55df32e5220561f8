"""A notice to everyone reaches everyone, and only notices do."""

from hamcrest import equal_to

from support.matchers.problems import is_refused_with
from support.matchers.story import has_no_gap, has_the_notice
from support.run.sentences import given, then, when
from support.websocket_events import notices


@given("{viewer:User} watches in another tab")
def _(world, viewer):
    world.watch(viewer)


@given("a customer of each segment watches, with a colleague")
def _(world):
    notices.audience(world)


@when("{customer:User} tries to send a notice to everyone")
def _(world, customer):
    notices.send(world, customer)


@then("everyone receives the notice in time")
def _(world):
    notice = world.recall("notice", notices.Notice)
    for viewer in notices.listeners(world):
        seen = viewer.wait_for("notice", within=world.budgets.limit("notice delivery"))
        world.expect(seen.payload.get("notice_id"), equal_to(notice.id))
        world.within("notice delivery", seen.received_at - notice.sent_at, viewer.name)


@then("each hears of their next run right after it, and of the notice once")
def _(world):
    notice = world.recall("notice", notices.Notice)
    for capture in notices.after_a_run_of_each(world):
        world.expect(capture, has_the_notice(notice.id), capture.name)
        world.expect(capture, has_no_gap(after=capture.first_sequence), capture.name)


@then("{customer:User} is refused for want of the operator's permission")
def _(world, customer):
    world.expect(world.last_outcome, is_refused_with("permission_denied"))


@then("the only notice that anybody receives is the operator's next one")
def _(world):
    notices.send(world, world.users.operator)
    notice = world.recall("notice", notices.Notice)
    for capture in notices.listeners(world):
        capture.wait_for("notice", within=world.budgets.limit("notice delivery"))
        world.expect(capture, has_the_notice(notice.id), capture.name)
