"""Notices to everyone."""

from behave import given, then, when
from hamcrest import equal_to

from support import notices
from support.checks.problems import is_refused_with
from support.checks.story import has_no_gap, has_the_notice


@given("a customer of each segment watches, with a colleague")
def _(context):
    notices.audience(context.world)


@when("the operator sends a notice to everyone")
def _(context):
    notices.send(context.world, context.world.users.operator)


@when("{customer:User} tries to send a notice to everyone")
def _(context, customer):
    notices.send(context.world, customer)


@then("everyone receives the notice in time")
def _(context):
    notice = context.world.recall("notice", notices.Notice)
    for viewer in notices.listeners(context.world):
        seen = viewer.wait_for("notice", within=context.world.budgets.limit("notice delivery"))
        context.world.expect(seen.payload.get("notice_id"), equal_to(notice.id))
        context.world.within("notice delivery", seen.received_at - notice.sent_at, viewer.name)


@then("each hears of their next run right after it, and of the notice once")
def _(context):
    notice = context.world.recall("notice", notices.Notice)
    for capture in notices.after_a_run_of_each(context.world):
        context.world.expect(capture, has_the_notice(notice.id), capture.name)
        context.world.expect(capture, has_no_gap(after=capture.first_sequence), capture.name)


@then("{customer:User} is refused for want of the operator's permission")
def _(context, customer):
    context.world.expect(context.world.last_outcome, is_refused_with("permission_denied"))


@then("the only notice that anybody receives is the operator's next one")
def _(context):
    notices.send(context.world, context.world.users.operator)
    notice = context.world.recall("notice", notices.Notice)
    for capture in notices.listeners(context.world):
        capture.wait_for("notice", within=context.world.budgets.limit("notice delivery"))
        context.world.expect(capture, has_the_notice(notice.id), capture.name)
